package io.refreshd.ledger;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;

/** Brings the tables of the ledger to the version that this program knows; only ever forward. */
public final class LedgerSchema {
    /** One resource {@code V<n>.sql} for each. */
    static final int NEWEST = 4;

    /** Held while the schema is migrated, so that two daemons starting together do not both do it. */
    private static final long MIGRATION_LOCK = 0x7265667265736864L; // "refreshd" in ASCII

    private LedgerSchema() {}

    /**
     * What would have to be run to bring the database up to date, in order; empty if it is.
     *
     * @throws LedgerTooNewException if a newer program has been here
     */
    public static List<String> pending(Handle handle) throws LedgerTooNewException {
        int present = version(handle);
        if (present > NEWEST) {
            throw new LedgerTooNewException(present, NEWEST);
        }
        List<String> scripts = new ArrayList<>();
        if (!schemaExists(handle)) {
            // Not part of the first version: who may not create it has it made by a DBA, and fills it.
            scripts.add("CREATE SCHEMA refreshd;\n");
        }
        for (int version = present + 1; version <= NEWEST; version++) {
            scripts.add(script(version));
        }
        return scripts;
    }

    /** Runs what is {@linkplain #pending pending} in one transaction. */
    public static void migrate(Handle handle) throws LedgerTooNewException {
        handle.useTransaction(transaction -> {
            transaction.execute("SET LOCAL synchronous_commit = local");
            transaction.execute("SELECT pg_advisory_xact_lock(?)", MIGRATION_LOCK);
            for (String script : pending(transaction)) {
                execute(transaction, script);
            }
        });
    }

    /** Removes the ledger and everything in it. */
    public static void drop(Handle handle) {
        handle.execute("DROP SCHEMA IF EXISTS refreshd CASCADE");
    }

    /** By the driver, which knows where a function's body ends. */
    private static void execute(Handle transaction, String script) {
        try (Statement statement = transaction.getConnection().createStatement()) {
            statement.execute(script);
        } catch (SQLException e) {
            throw new UnableToExecuteStatementException(e, null);
        }
    }

    private static int version(Handle handle) {
        boolean exists = handle.createQuery("SELECT to_regclass('refreshd.schema_version') IS NOT NULL")
                .mapTo(Boolean.class)
                .one();
        return exists
                ? handle.createQuery("SELECT coalesce(max(version), 0) FROM refreshd.schema_version")
                        .mapTo(Integer.class)
                        .one()
                : 0;
    }

    private static boolean schemaExists(Handle handle) {
        return handle.createQuery("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'refreshd')")
                .mapTo(Boolean.class)
                .one();
    }

    private static String script(int version) {
        String name = "V" + version + ".sql";
        try (InputStream in = LedgerSchema.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
