package io.refreshd.reconcile;

import io.refreshd.capture.Prerequisites;
import io.refreshd.database.ErrorSummary;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/** The reasons why a table cannot be published, each with a remedy. Reads only. */
final class PublicationRefusals {
    private final String user;

    /** @param user the role of the connection */
    PublicationRefusals(String user) {
        this.user = user;
    }

    /** The role may not create the publication. */
    PrerequisitesMissingException ofPublication(String name, List<String> statements, SQLException error) {
        return new PrerequisitesMissingException(List.of(new Obstacle(
                "the role " + user + " may not create the publication " + name + ": "
                        + ErrorSummary.withoutValues(error),
                Remedy.sql(statements).and("as a superuser"))));
    }

    /** Two remedies: a superuser's statement for this table, and a grant that covers every table of its owner, also later ones. */
    Obstacle ofPrivilege(Handle handle, TableId table, String statement, SQLException error) throws SQLException {
        String instead = Prerequisites.notMine(handle.getConnection(), Set.of(table)).stream()
                .map(foreign -> "as a superuser; or, so that refreshd may: " + foreign.remedy())
                .findFirst()
                .orElse("as a superuser");
        return new Obstacle(
                "role " + user + " may not publish table " + table + ": " + ErrorSummary.withoutValues(error),
                Remedy.sql(statement).and(instead));
    }

    /** Mostly an event trigger that refuses the statement. */
    static Obstacle ofFailure(TableId table, List<String> statements, SQLException error) {
        return new Obstacle(
                "table " + table + " could not be published: " + ErrorSummary.withoutValues(error),
                Remedy.sql(statements)
                        .and("it is tried again; refreshd check names event triggers that may refuse it"));
    }

    /** Another session has locked the table. */
    static Obstacle ofLock(TableId table) {
        return new Obstacle(
                "table " + table
                        + " cannot join the publication yet: another session has locked it; it joins as soon as"
                        + " that transaction has ended",
                Remedy.sql("SELECT pid FROM pg_catalog.pg_locks WHERE granted AND relation = '"
                        + SqlNames.qualified(table).replace("'", "''") + "'::regclass"));
    }
}
