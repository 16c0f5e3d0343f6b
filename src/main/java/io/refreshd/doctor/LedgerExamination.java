package io.refreshd.doctor;

import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import io.refreshd.model.Obstacle;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** Whether ledger and publication are there and may be written, or may be made. */
final class LedgerExamination implements Examination {
    @Override
    public List<Finding> of(ExaminedDatabase database) throws SQLException {
        Optional<Obstacle> foreign = FirstStart.foreignLedger(database.handle());
        if (foreign.isPresent()) {
            // It may not even be read.
            return List.of(error("foreign", foreign.get()));
        }
        Optional<Obstacle> refused = FirstStart.mayNotMake(database.handle(), database.configuration());
        if (refused.isPresent()) {
            return List.of(error("not-permitted", refused.get()));
        }
        try {
            return LedgerSchema.pending(database.handle()).isEmpty()
                    ? List.of()
                    : List.of(finding(
                            Severity.INFO,
                            "pending",
                            "the ledger is not there yet, or of an older version; run makes it",
                            ""));
        } catch (LedgerTooNewException e) {
            return List.of(error("too-new", new Obstacle(String.valueOf(e.getMessage()), "use the newer refreshd")));
        }
    }

    private static Finding error(String code, Obstacle obstacle) {
        return finding(Severity.ERROR, code, obstacle.what(), obstacle.remedy());
    }

    private static Finding finding(Severity severity, String code, String what, String remedy) {
        return new Finding(
                severity,
                "ledger-" + code,
                "schema refreshd",
                what,
                "The daemon does not start without it: what must not be forgotten is written down there.",
                remedy);
    }
}
