package io.refreshd.incremental;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.database.PlainSession;
import io.refreshd.exchange.Definitions;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Creates the plain view with the defining query and the hidden columns, and proves that it says what it is to say. */
final class DefinitionView {
    private static final Remedy ADD_KEYS = Remedy.text("add the key columns to the view's query");

    private final Handle transaction;
    private final ViewId view;
    private final ViewId named;
    private final ViewId definition;

    /**
     * @param view where the materialized view is
     * @param named the name that messages use for it
     * @param definition name of the plain view to create
     */
    DefinitionView(Handle transaction, ViewId view, ViewId named, ViewId definition) {
        this.transaction = transaction;
        this.view = view;
        this.named = named;
        this.definition = definition;
    }

    /** Examines the query of the materialized view. Of the catalog only what this view reads is read. */
    static IncrementalQuery examined(Handle transaction, ViewId view, long oid) throws SQLException {
        return keys(transaction, view).of(oid);
    }

    static RecomputeKeys keys(Handle transaction, ViewId view) throws SQLException {
        return new RecomputeKeys(CatalogReader.read(transaction.getConnection(), view::equals));
    }

    /** Creates the plain view. It also keeps others from altering what the query reads. @param text the query of the materialized view */
    long create(PlainSession session, String text, IncrementalQuery query)
            throws SQLException, PrerequisitesMissingException {
        try {
            transaction.execute("SAVEPOINT refreshd_definition");
            session.forDefinitions()
                    .execute(
                            transaction.getConnection(),
                            "CREATE VIEW " + SqlNames.qualified(definition) + " AS "
                                    + DefinitionText.withHidden(text, query.hidden()));
            transaction.execute("RELEASE SAVEPOINT refreshd_definition");
        } catch (IllegalArgumentException | SQLException e) {
            throw new PrerequisitesMissingException(List.of(new Obstacle(
                    "the key columns that " + named + " does not show cannot be added to its query: " + e.getMessage(),
                    ADD_KEYS)));
        }
        return Definitions.oidOf(transaction, SqlNames.qualified(definition));
    }

    /** Examines the query once more, now that nobody can alter what it reads, and compares the definition with it. */
    void prove(IncrementalQuery before, long created) throws SQLException, PrerequisitesMissingException {
        RecomputeKeys keys = keys(transaction, view);
        IncrementalQuery query = keys.of(before.oid());
        refuse(query.obstacles());
        if (!query.equals(before)) {
            refuse(List.of(new Obstacle("what " + named + " reads was altered just now", Remedy.text("try again"))));
        }
        refuse(keys.difference(query, Definitions.treeOf(transaction, created)).stream()
                .map(what -> new Obstacle(what, ADD_KEYS))
                .toList());
    }

    private static void refuse(List<Obstacle> obstacles) throws PrerequisitesMissingException {
        if (!obstacles.isEmpty()) {
            throw new PrerequisitesMissingException(obstacles);
        }
    }
}
