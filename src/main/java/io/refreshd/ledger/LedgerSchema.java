package io.refreshd.ledger;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;

/**
 * Installs the ledger, or upgrades an older one to the version that this program knows. There is no downgrade.
 *
 * <p>The scripts can be run again: {@code schema.sql} creates what is missing, and {@code surface.sql} replaces views and
 * functions. {@code upgrade.sql} holds only what these two cannot do. {@code grants.sql} is for the installation.
 */
public final class LedgerSchema {
    /** Invariant: increased with every change of a script. An installed ledger is upgraded only if its version is lower. */
    static final int NEWEST = 5;

    /** Key of the advisory lock under which the scripts run, so that of two daemons that start together only one runs them. */
    private static final long MIGRATION_LOCK = 0x7265667265736864L; // "refreshd" in ASCII

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

    private LedgerSchema() {}

    /**
     * Returns the scripts that bring the database up to date, in the order in which to run them; none if it is up to date.
     *
     * @throws LedgerTooNewException if the ledger has a version that this program does not know
     */
    public static List<String> pending(Handle handle) throws LedgerTooNewException {
        int present = version(handle);
        if (present > NEWEST) {
            throw new LedgerTooNewException(present, NEWEST);
        }
        if (present == NEWEST) {
            return List.of();
        }
        boolean install = present == 0;
        List<String> scripts = new ArrayList<>();
        if (!schemaExists(handle)) {
            // Not part of a script: where the role may not create a schema, a DBA creates it, and the role fills it.
            scripts.add("CREATE SCHEMA refreshd;\n");
        }
        if (!install) {
            scripts.add(script("upgrade.sql"));
        }
        scripts.add(script("schema.sql"));
        scripts.add(script("surface.sql"));
        if (install) {
            scripts.add(script("grants.sql"));
        }
        scripts.add("INSERT INTO refreshd.schema_version (version) VALUES (" + NEWEST + ");\n");
        return scripts;
    }

    /** Runs the {@linkplain #pending pending} scripts in one transaction. */
    public static void migrate(Handle handle) throws LedgerTooNewException {
        if (pending(handle).isEmpty()) {
            return;
        }
        handle.useTransaction(transaction -> {
            transaction.execute("SET LOCAL synchronous_commit = local");
            awaitOthers(transaction);
            for (String script : pending(transaction)) {
                execute(transaction, script);
            }
        });
    }

    /**
     * Waits for another daemon that runs the scripts. Everybody may take an advisory lock, so the wait is short and its end is no failure:
     * where two daemons run the scripts after all, the server refuses one of them, and its next attempt finds nothing to do.
     */
    private static void awaitOthers(Handle transaction) {
        transaction.savepoint("unlocked");
        try {
            transaction.execute(
                    "SELECT pg_catalog.set_config('lock_timeout', ?, true)", LONGEST_WAIT.toMillis() + "ms");
            transaction.execute("SELECT pg_catalog.pg_advisory_xact_lock(?)", MIGRATION_LOCK);
        } catch (UnableToExecuteStatementException e) {
            transaction.rollbackToSavepoint("unlocked");
        }
    }

    /** Removes the ledger and everything in it. */
    public static void drop(Handle handle) {
        handle.execute("DROP SCHEMA IF EXISTS refreshd CASCADE");
    }

    /**
     * Bypasses JDBI, which would take colons for parameters. The driver splits the script, and knows where a function's body
     * ends.
     */
    private static void execute(Handle transaction, String script) {
        try (Statement statement = transaction.getConnection().createStatement()) {
            statement.execute(script);
        } catch (SQLException e) {
            throw new UnableToExecuteStatementException(e, null);
        }
    }

    /** Returns 0 if there is no ledger. */
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

    private static String script(String name) {
        try (InputStream in = LedgerSchema.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
