package io.refreshd.exchange;

import io.refreshd.database.PlainSession;
import io.refreshd.exchange.Dependents.View;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * Makes copies of the views that stand on a view, which read what takes its place. Nobody is locked out.
 *
 * <p>The text of a query is read and parsed with the schemas of what it reads on the search path, so that it names these without their
 * schema. While it is parsed, what it shall read has its final name in a schema before them, where nobody else sees it.
 */
final class Copies {
    /** A schema of refreshd's own, in which nobody else creates anything. */
    private static final String STAGE = "refreshd";

    /** A copy, and the names that its indexes and statistics are to have. */
    private record Copy(View view, Place place, List<Indexes.Renamed> indexes, Statistics statistics) {}

    private final Handle transaction;
    private final Statements statements;
    private final Dependents dependents;
    private final Map<Long, Place> places = new LinkedHashMap<>();
    private final List<Copy> copies = new ArrayList<>();

    Copies(Handle transaction, Statements statements, Dependents dependents, Place target) {
        this.transaction = transaction;
        this.statements = statements;
        this.dependents = dependents;
        places.put(target.old(), target);
    }

    /** What takes whose place, from the bottom up; the target first. */
    List<Place> places() {
        return List.copyOf(places.values());
    }

    /** Oids of the copies. */
    Set<Long> oids() {
        return places.values().stream().skip(1).map(Place::made).collect(Collectors.toSet());
    }

    /** Creates the copies without rows, and tries whether the plain views can be given their queries again. */
    void define() throws SQLException {
        boolean stage = transaction
                .createQuery("SELECT pg_catalog.to_regnamespace(:stage) IS NOT NULL")
                .bind("stage", STAGE)
                .mapTo(Boolean.class)
                .one();
        if (!stage) {
            // Only for a dry run: what is carried out has a ledger.
            statements.execute("CREATE SCHEMA " + STAGE);
        }
        for (View view : dependents.remade()) {
            places.put(view.oid(), define(view));
        }
        if (places.size() > 1 || statements.isDryRun()) {
            for (View view : dependents.kept()) {
                Place tried = create(view, Names.temporary(view.id(), "try", view.oid()));
                statements.execute("DROP VIEW " + SqlNames.qualified(tried.fresh()));
            }
        }
    }

    private Place define(View view) throws SQLException {
        Place place = create(view, Names.temporary(view.id(), "new", view.oid()));
        String name = SqlNames.qualified(place.fresh());
        statements.execute("ALTER " + view.noun() + " " + name + " OWNER TO " + SqlNames.identifier(view.owner()));
        if (view.materialized()) {
            statements.execute(Attachments.storage(transaction, view.noun(), view.oid(), place.made(), place.fresh()));
        }
        // Those above are filled as their owners, who may read this one.
        statements.execute(Attachments.access(transaction, view.noun(), view.oid(), place.made(), place.fresh()));
        return place;
    }

    private Place create(View view, ViewId fresh) throws SQLException {
        List<Place> read = view.below().stream()
                .filter(places::containsKey)
                .map(places::get)
                .toList();
        Set<String> schemas =
                read.stream().map(place -> place.view().schema()).collect(Collectors.toCollection(LinkedHashSet::new));
        PlainSession session =
                PlainSession.ofOwner(transaction.getConnection(), view.oid()).forDefinitions();
        String text = Definitions.textOf(transaction, session.with("search_path", path(schemas)), view.oid());
        String path = path(staged(schemas));
        try {
            for (Place place : read) {
                String from = "ALTER " + place.noun() + " ";
                statements.execute(from + SqlNames.qualified(place.fresh()) + " SET SCHEMA " + STAGE);
                statements.execute(
                        from + STAGE + "." + SqlNames.identifier(place.fresh().name()) + " RENAME TO "
                                + SqlNames.identifier(place.view().name()));
            }
            statements.remark("with search_path = " + path);
            statements.execute(
                    Storage.of(transaction, view.oid()).byDefault(session).with("search_path", path),
                    definition(view, fresh, text));
        } catch (SQLException e) {
            throw new SQLException(
                    view.id() + " cannot be made again on what takes the place of what it reads: " + e.getMessage(),
                    e.getSQLState(),
                    e);
        }
        for (Place place : read) {
            String from = "ALTER " + place.noun() + " ";
            statements.execute(
                    from + STAGE + "." + SqlNames.identifier(place.view().name()) + " RENAME TO "
                            + SqlNames.identifier(place.fresh().name()));
            statements.execute(
                    from + STAGE + "." + SqlNames.identifier(place.fresh().name()) + " SET SCHEMA "
                            + SqlNames.identifier(place.fresh().schema()));
        }
        long made = Definitions.oidOf(transaction, SqlNames.qualified(fresh));
        return new Place(view.id(), view.oid(), view.materialized(), fresh, made, view.materialized());
    }

    private static Set<String> staged(Set<String> schemas) {
        Set<String> staged = new LinkedHashSet<>(Set.of(STAGE));
        staged.addAll(schemas);
        return staged;
    }

    private static String path(Set<String> schemas) {
        return schemas.stream().map(SqlNames::identifier).collect(Collectors.joining(", "));
    }

    private String definition(View view, ViewId fresh, String text) throws SQLException {
        String name = SqlNames.qualified(fresh);
        if (view.materialized()) {
            return "CREATE MATERIALIZED VIEW " + name
                    + Storage.of(transaction, view.oid()).clauses() + " AS " + text + " WITH NO DATA";
        }
        return "CREATE VIEW " + name + (view.options().isEmpty() ? "" : " WITH (" + view.options() + ")") + " AS "
                + text;
    }

    /** Fills the copies as their owners, and makes their indexes and statistics. */
    void fill() throws SQLException {
        for (View view : dependents.remade()) {
            if (view.materialized()) {
                Place place = Objects.requireNonNull(places.get(view.oid()), "defined before");
                String name = SqlNames.qualified(place.fresh());
                if (view.populated()) {
                    // REFRESH writes rows that every snapshot sees.
                    statements.executeUnlessDryRun(
                            PlainSession.ofOwner(transaction.getConnection(), place.made()),
                            "REFRESH MATERIALIZED VIEW " + name);
                }
                List<Indexes.Renamed> indexes =
                        new Indexes(transaction, statements).copyBeside(view.oid(), place.fresh(), "");
                Statistics statistics = Statistics.of(transaction, view.oid());
                statements.execute(statistics.creates(place.fresh()));
                if (view.populated()) {
                    statements.executeUnlessDryRun("ANALYZE " + name);
                }
                copies.add(new Copy(view, place, indexes, statistics));
            }
        }
    }

    /** The statements that give indexes and statistics their names, once what had them is gone. */
    List<String> names() {
        List<String> names = new ArrayList<>();
        for (Copy copy : copies) {
            String schema = copy.place().view().schema();
            copy.indexes().forEach(index -> names.add(index.statement(schema)));
            names.addAll(copy.statistics().names());
        }
        return names;
    }
}
