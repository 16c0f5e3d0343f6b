package io.refreshd.cli;

import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** The schema in which refreshd keeps the rows of incremental views, for {@code teardown}. */
final class IncrementalStores {
    private IncrementalStores() {}

    /** Without refreshd the views would stay readable, and would show the same rows for ever. */
    static void refuseIfInUse(Handle handle) throws PrerequisitesMissingException {
        List<String> views = IncrementalViewRows.load(handle).keySet().stream()
                .sorted()
                .map(ViewId::toString)
                .map(PlainText::line)
                .toList();
        if (!views.isEmpty()) {
            throw new PrerequisitesMissingException(List.of(new Obstacle(
                    (views.size() == 1 ? "a view is" : views.size() + " views are")
                            + " incremental, and nobody would keep the rows up to date: " + String.join(", ", views),
                    Remedy.text("make materialized views of them again: refreshd convert --back --apply "
                            + views.stream()
                                    .map(view ->
                                            view.matches("[a-z0-9_.]+") ? view : "'" + view.replace("'", "'\\''") + "'")
                                    .collect(Collectors.joining(" "))))));
        }
    }

    /** Whether the schema exists, belongs to the connected role, and holds nothing. */
    static boolean existEmpty(Handle handle) {
        return handle.createQuery("""
                        SELECT EXISTS (SELECT FROM pg_namespace n
                                       WHERE n.nspname = 'refreshd_store' AND pg_has_role(n.nspowner, 'USAGE')
                                         AND NOT EXISTS (SELECT FROM pg_depend d
                                                         WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid))
                        """).mapTo(Boolean.class).one();
    }

    static void dropIfEmpty(Handle transaction) {
        if (existEmpty(transaction)) {
            transaction.execute("DROP SCHEMA refreshd_store");
        }
    }
}
