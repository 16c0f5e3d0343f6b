package io.refreshd.cli;

import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.RoleViewRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** The schema in which refreshd keeps the rows of incremental views, for {@code init} and {@code teardown}. */
final class IncrementalStores {
    private IncrementalStores() {}

    /** Without refreshd the views would stay readable, and would show the same rows for ever. */
    static void refuseIfInUse(Handle handle) throws PrerequisitesMissingException {
        Set<ViewId> views = new TreeSet<>(IncrementalViewRows.load(handle).keySet());
        if (views.isEmpty()) {
            return;
        }
        Map<ViewId, RoleViewRows.Made> made = RoleViewRows.load(handle);
        Set<String> templates = new TreeSet<>();
        List<String> converted = new ArrayList<>();
        for (ViewId view : views) {
            RoleViewRows.Made roleView = made.get(view);
            if (roleView == null) {
                converted.add(argument(PlainText.line(view.toString())));
            } else {
                templates.add(PlainText.line(roleView.template()));
            }
        }
        List<String> steps = new ArrayList<>();
        if (!converted.isEmpty()) {
            steps.add("refreshd convert --back --apply " + String.join(" ", converted));
        }
        if (!templates.isEmpty()) {
            steps.add("write kind: materialized-view in role-views.templates of " + String.join(", ", templates)
                    + ", and then refreshd apply");
        }
        throw new PrerequisitesMissingException(List.of(new Obstacle(
                (views.size() == 1 ? "a view is" : views.size() + " views are")
                        + " incremental, and nobody would keep the rows up to date: "
                        + views.stream()
                                .map(view -> PlainText.line(view.toString()))
                                .collect(Collectors.joining(", ")),
                Remedy.text("make materialized views of them again: " + String.join("; ", steps)))));
    }

    /** As a shell takes it. */
    private static String argument(String view) {
        return view.matches("[a-z0-9_.]+") ? view : "'" + view.replace("'", "'\\''") + "'";
    }

    static boolean exist(Handle handle) {
        return handle.createQuery("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'refreshd_store')")
                .mapTo(Boolean.class)
                .one();
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
