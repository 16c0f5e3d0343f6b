package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads {@link TableFacts} from the catalog, and remembers since when they hold.
 *
 * <p>Thread: that of the source.
 */
final class TableFactsReader {
    /**
     * A version is made of rows that only DDL writes: of the table, its columns, and its indexes.
     *
     * <p>Kafka Connect's converter writes a column's default in place of NULL, unless {@code replace.null.with.default} is false, which may be
     * set where refreshd cannot look. So nothing is known of the values of a column that has a default and may hold NULL. A column may hold it
     * beside a constraint against it that nobody has validated.
     */
    private static final String SQL = """
            SELECT n.nspname, c.relname, c.relreplident = 'f' AS whole,
                   pg_catalog.concat_ws('/', c.oid, c.xmin,
                     (SELECT pg_catalog.concat(count(*), ':', bit_xor(pg_catalog.hash_record_extended(ROW(a.attnum, a.xmin), 0)))
                        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
                     (SELECT pg_catalog.concat(count(*), ':', bit_xor(pg_catalog.hash_record_extended(ROW(i.indexrelid, i.xmin), 0)))
                        FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid),
                     f.types) AS version,
                   f.names, f.types, f.identities,
                   pg_catalog.pg_current_snapshot()::text AS snapshot,
                   pg_catalog.pg_current_wal_insert_lsn()::text AS lsn
            FROM unnest(?::text[], ?::text[]) AS t (schema, name)
            JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema
            JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
            CROSS JOIN LATERAL (
              SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names,
                     array_agg(CASE WHEN y.typnamespace = 'pg_catalog'::regnamespace
                                     AND (NOT a.atthasdef
                                          OR a.attnotnull AND NOT EXISTS (
                                            SELECT FROM pg_catalog.pg_constraint u
                                             WHERE u.conrelid = c.oid AND u.contype = 'n' AND NOT u.convalidated
                                               AND u.conkey[1] = a.attnum))
                                    THEN y.typname::text ELSE '' END
                               ORDER BY a.attnum) AS types,
                     array_agg(coalesce(a.attnum = ANY (k.indkey::int2[]), false) ORDER BY a.attnum) AS identities
              FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
              LEFT JOIN pg_catalog.pg_index k ON k.indrelid = c.oid
                AND CASE c.relreplident WHEN 'd' THEN k.indisprimary WHEN 'i' THEN k.indisreplident ELSE false END
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) f
            """;

    /** A version, and where the log stood when it was first seen. */
    private record Since(String version, Lsn lsn) {}

    private final Map<TableId, Since> seen = new HashMap<>();

    Map<TableId, TableFacts> read(Connection connection, Collection<TableId> tables) throws SQLException {
        Map<TableId, TableFacts> facts = new HashMap<>();
        if (tables.isEmpty()) {
            return facts;
        }
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            statement.setArray(1, texts(connection, tables.stream().map(TableId::schema)));
            statement.setArray(2, texts(connection, tables.stream().map(TableId::name)));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    TableId table = new TableId(row.getString("nspname"), row.getString("relname"));
                    facts.put(table, facts(table, row));
                }
            }
        }
        return facts;
    }

    private static Array texts(Connection connection, java.util.stream.Stream<String> texts) throws SQLException {
        return connection.createArrayOf("text", texts.toArray());
    }

    private TableFacts facts(TableId table, ResultSet row) throws SQLException {
        String version = row.getString("version");
        Since since = seen.get(table);
        if (since == null || !since.version().equals(version)) {
            since = new Since(version, Lsn.parse(row.getString("lsn")));
            seen.put(table, since);
        }
        String[] names = (String[]) row.getArray("names").getArray();
        String[] types = (String[]) row.getArray("types").getArray();
        Boolean[] identities = (Boolean[]) row.getArray("identities").getArray();
        List<TableFacts.Column> columns = new ArrayList<>(names.length);
        for (int i = 0; i < names.length; i++) {
            columns.add(new TableFacts.Column(names[i], ColumnKind.ofBuiltIn(types[i]), identities[i]));
        }
        return new TableFacts(
                columns, row.getBoolean("whole"), version, since.lsn(), Snapshot.parse(row.getString("snapshot")));
    }
}
