package io.refreshd.doctor;

import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import java.util.List;

/** Whether the ledger is there, or may be made. */
final class LedgerExamination implements Examination {
    @Override
    public List<Finding> of(Patient patient) {
        List<String> pending;
        try {
            pending = LedgerSchema.pending(patient.handle());
        } catch (LedgerTooNewException e) {
            return List.of(
                    finding(Severity.ERROR, "too-new", String.valueOf(e.getMessage()), "use the newer refreshd"));
        }
        if (pending.isEmpty()) {
            return List.of();
        }
        boolean may = patient.handle().createQuery("""
                        SELECT CASE WHEN to_regnamespace('refreshd') IS NULL
                                    THEN has_database_privilege(current_database(), 'CREATE')
                                    ELSE has_schema_privilege('refreshd', 'CREATE') END
                        """).mapTo(Boolean.class).one();
        return may
                ? List.of(finding(Severity.INFO, "pending", "the ledger is not there yet; run makes it", ""))
                : List.of(finding(
                        Severity.ERROR,
                        "pending",
                        "the ledger is not there, and role "
                                + patient.configuration().database().user() + " may not make it",
                        grant(patient)));
    }

    private static String grant(Patient patient) {
        return patient.handle()
                        .createQuery(
                                "SELECT format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user)")
                        .mapTo(String.class)
                        .one()
                + "; or have a DBA run what refreshd init --print prints";
    }

    private static Finding finding(Severity severity, String code, String what, String mend) {
        return new Finding(
                severity,
                "ledger-" + code,
                "schema refreshd",
                what,
                "Without it nothing that must not be forgotten can be written down.",
                mend);
    }
}
