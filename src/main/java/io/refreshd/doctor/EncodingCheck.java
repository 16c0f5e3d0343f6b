package io.refreshd.doctor;

import io.refreshd.catalog.UnsentNames;
import io.refreshd.model.Remedy;
import io.refreshd.model.UnsendableNames;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.JdbiException;

/** Checks whether the server can send every value that it stores: all connections of refreshd use UTF-8. */
final class EncodingCheck implements Check {
    private static final String SAVEPOINT = "refreshd_encoding";

    private static final String WHY =
            "The server cannot send a name with such bytes. It costs the views that depend on the object: materialized views are left"
                    + " out, incremental ones suspended. Rows and messages with such bytes cost nothing.";

    private static final String RENAME =
            "rename what psql finds: SELECT oid::regclass FROM pg_catalog.pg_class WHERE relname ~ '[^ -~]' UNION SELECT"
                    + " attrelid::regclass FROM pg_catalog.pg_attribute WHERE attname ~ '[^ -~]'; or ";

    /** Of views with such names, the names with each odd byte as an octal number. */
    private static final String OF_ODD_NAME =
            """
            SELECT pg_catalog.encode(pg_catalog.convert_to(n.nspname || '.' || c.relname, 'SQL_ASCII'), 'escape')
              FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE (c.relkind = 'm'
                    OR c.relkind = 'v' AND n.nspname <> 'refreshd_store'
                       AND EXISTS (SELECT FROM pg_catalog.pg_rewrite r
                                     JOIN pg_catalog.pg_depend d
                                       ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                                     JOIN pg_catalog.pg_class s
                                       ON d.refclassid = 'pg_catalog.pg_class'::regclass AND s.oid = d.refobjid
                                    WHERE r.ev_class = c.oid
                                      AND s.relnamespace = pg_catalog.to_regnamespace('refreshd_store')))
               AND NOT (%s AND %s)
             ORDER BY c.oid
            """.formatted(UnsendableNames.sendable("n.nspname"), UnsendableNames.sendable("c.relname"));

    private static final String REMEDY =
            "dump the database, and restore the dump into one that was created with TEMPLATE template0 ENCODING 'UTF8'";

    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        String encoding = database.handle()
                .createQuery("SELECT pg_catalog.getdatabaseencoding()")
                .mapTo(String.class)
                .one();
        List<Finding> findings = new ArrayList<>(leftOut(database));
        if (encoding.equals("SQL_ASCII")) {
            findings.add(
                    finding(
                            Severity.WARNING,
                            encoding,
                            "the database's encoding is SQL_ASCII: the server stores any bytes, and cannot send those that are not UTF-8"));
        } else if (!encoding.equals("UTF8") && !hasAllCharacters(database, encoding)) {
            findings.add(finding(
                    Severity.INFO,
                    encoding,
                    "the database's encoding is " + encoding
                            + ", in which the server can store bytes that UTF-8 has no equivalent for"));
        }
        return findings;
    }

    /** Views that are not in the catalog as it was read, because of a name. */
    private static List<Finding> leftOut(ExaminedDatabase database) throws SQLException {
        List<String> views = new ArrayList<>();
        UnsentNames.lackedBy(
                        database.catalog(),
                        database.handle().getConnection(),
                        database.configuration().views()::includes)
                .forEach(view -> views.add(view.toString()));
        views.addAll(
                database.handle().createQuery(OF_ODD_NAME).mapTo(String.class).list());
        if (views.isEmpty()) {
            return List.of();
        }
        return List.of(new Finding(
                Severity.ERROR,
                "encoding",
                "catalog",
                "left out, since the server cannot send the name of the view or of something that it depends on: "
                        + String.join(", ", views),
                WHY,
                Remedy.text(RENAME + REMEDY)));
    }

    /** The catalog cannot be read, so nothing else can be checked. */
    static Finding nameNotSent() {
        return new Finding(
                Severity.ERROR,
                "encoding",
                "catalog",
                "a name in the catalog holds bytes that are not UTF-8, and the server cannot send it",
                WHY,
                Remedy.text(RENAME + REMEDY));
    }

    private static Finding finding(Severity severity, String encoding, String what) {
        return new Finding(severity, "encoding", encoding, what, WHY, Remedy.text(REMEDY));
    }

    /** Whether each byte from 128 on is a character that UTF-8 has. In encodings of several bytes this cannot be tried. */
    private static boolean hasAllCharacters(ExaminedDatabase database, String encoding) {
        database.handle().savepoint(SAVEPOINT);
        try {
            database.handle()
                    .createQuery("SELECT pg_catalog.length(pg_catalog.convert(pg_catalog.decode((SELECT"
                            + " pg_catalog.string_agg(pg_catalog.to_hex(b), '') FROM pg_catalog.generate_series(128, 255)"
                            + " AS b), 'hex'), :encoding, 'UTF8'))")
                    .bind("encoding", encoding)
                    .mapTo(Integer.class)
                    .one();
            return true;
        } catch (JdbiException notConvertible) {
            database.handle().rollbackToSavepoint(SAVEPOINT);
            return false;
        }
    }
}
