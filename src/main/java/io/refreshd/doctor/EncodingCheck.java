package io.refreshd.doctor;

import io.refreshd.model.Remedy;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.JdbiException;

/** Checks whether the server can send every value that it stores: all connections of refreshd use UTF-8. */
final class EncodingCheck implements Check {
    /** SQLSTATE of an answer with bytes that are not UTF-8, or that UTF-8 has no equivalent for. */
    static final Set<String> NOT_SENT = Set.of("22021", "22P05");

    private static final String SAVEPOINT = "refreshd_encoding";

    private static final String WHY =
            "A published row, a message of anybody or a name with such bytes cannot be sent. A row or message ends the stream; the"
                    + " third attempt at one position gives up the slot, which costs one refresh of every view. A name keeps the catalog"
                    + " from being read, and every view is refreshed by the clock then (untracked-max-staleness).";

    private static final String REMEDY =
            "dump the database, and restore the dump into one that was created with TEMPLATE template0 ENCODING 'UTF8'";

    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        String encoding = database.handle()
                .createQuery("SELECT pg_catalog.getdatabaseencoding()")
                .mapTo(String.class)
                .one();
        return switch (encoding) {
            case "UTF8" -> List.of();
            case "SQL_ASCII" ->
                List.of(
                        finding(
                                Severity.WARNING,
                                encoding,
                                "the database's encoding is SQL_ASCII: the server stores any bytes, and cannot send those that are not UTF-8"));
            default ->
                hasAllCharacters(database, encoding)
                        ? List.of()
                        : List.of(finding(
                                Severity.INFO,
                                encoding,
                                "the database's encoding is " + encoding
                                        + ", in which the server can store bytes that UTF-8 has no equivalent for"));
        };
    }

    /** The catalog cannot be read, so nothing else can be checked. */
    static Finding nameNotSent() {
        return new Finding(
                Severity.ERROR,
                "encoding",
                "catalog",
                "a name in the catalog holds bytes that are not UTF-8, and the server cannot send it",
                WHY,
                Remedy.text(
                        "rename what psql finds: SELECT oid::regclass FROM pg_catalog.pg_class WHERE relname ~ '[^ -~]' UNION SELECT"
                                + " attrelid::regclass FROM pg_catalog.pg_attribute WHERE attname ~ '[^ -~]'; or "
                                + REMEDY));
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
