package io.refreshd.doctor;

import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** Checks that ledger and publication exist and may be written to, or that the role may create them. */
final class LedgerCheck implements Check {
    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        Optional<Obstacle> foreign = StartupRequirements.foreignLedger(database.handle());
        if (foreign.isPresent()) {
            // The role may not even read the ledger, so its version cannot be checked.
            return List.of(error("foreign", foreign.get()));
        }
        Optional<Obstacle> refused =
                StartupRequirements.missingCreatePrivilege(database.handle(), database.configuration());
        if (refused.isPresent()) {
            return List.of(error("not-permitted", refused.get()));
        }
        try {
            return LedgerSchema.pending(database.handle()).isEmpty()
                    ? List.of()
                    : List.of(finding(
                            Severity.INFO,
                            "pending",
                            "the ledger does not exist yet, or is of an older version; run or init creates or migrates it",
                            Remedy.NONE));
        } catch (LedgerTooNewException e) {
            return List.of(error(
                    "too-new", new Obstacle(String.valueOf(e.getMessage()), Remedy.text("use the newer refreshd"))));
        }
    }

    private static Finding error(String code, Obstacle obstacle) {
        return finding(Severity.ERROR, code, obstacle.what(), obstacle.remedy());
    }

    private static Finding finding(Severity severity, String code, String what, Remedy remedy) {
        return new Finding(
                severity,
                "ledger-" + code,
                "schema refreshd",
                what,
                "The daemon does not start without the ledger, where it records which views are dirty.",
                remedy);
    }
}
