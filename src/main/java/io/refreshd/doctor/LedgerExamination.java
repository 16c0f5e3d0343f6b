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
    public List<Finding> of(Patient patient) throws SQLException {
        Optional<Obstacle> foreign = FirstStart.foreignLedger(patient.handle());
        if (foreign.isPresent()) {
            // It may not even be read.
            return List.of(error("foreign", foreign.get()));
        }
        Optional<Obstacle> refused = FirstStart.mayNotMake(patient.handle(), patient.configuration());
        if (refused.isPresent()) {
            return List.of(error("not-permitted", refused.get()));
        }
        try {
            return LedgerSchema.pending(patient.handle()).isEmpty()
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
        return finding(Severity.ERROR, code, obstacle.what(), obstacle.mend());
    }

    private static Finding finding(Severity severity, String code, String what, String mend) {
        return new Finding(
                severity,
                "ledger-" + code,
                "schema refreshd",
                what,
                "The daemon does not start without it: what must not be forgotten is written down there.",
                mend);
    }
}
