package io.refreshd.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestDatabase;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests keys of many types. The server alone decides about equality and order of keys. */
class KeysIT {
    enum Mood {
        SAD,
        GLAD
    }

    record Feeling(Mood mood, int id) {}

    record Many(int n) {}

    private TestDatabase database;
    private PGSimpleDataSource dataSource;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        dataSource = new PGSimpleDataSource();
        dataSource.setUrl(database.url());
        dataSource.setUser("postgres");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', delimiter = '|', textBlock = """
                    numeric(9,2) | 1.00, 2.00, 3.00                | bigint  | 1, 2, 2
                    numeric      | 1.0, 2, 3                       | numeric | 1.00, 2.000, 2
                    int          | 1, 2, 3                         | numeric | 1.0, 2.0, 2
                    bytea        | '\\x01', '\\x02', '\\x03'       | bytea   | '\\x01', '\\x02', '\\x02'
                    char(5)      | 'a', 'b', 'c'                   | text    | 'a', 'b', 'b'
                    float8       | 1, 2, 3                         | int     | 1, 2, 2
                    interval     | '1 day', '1 mon', '2 mon'       | interval | '24:00', '30 days', '720:00'
                    int[]        | '{1}', '{2}', '{3}'             | int[]   | '{1}', '{2}', '{2}'
                    """)
    void detailsAreAssignedByTheEqualityOfTheServer(String type, String keys, String foreignType, String foreignKeys)
            throws Exception {
        record Row(int n) {}
        database.execute(
                "CREATE TABLE main AS SELECT row_number() OVER ()::int AS n, k::" + type + " FROM unnest(ARRAY[" + keys
                        + "]::" + (type.equals("int[]") ? "text[]" : type + "[]") + ") k",
                "CREATE MATERIALIZED VIEW role_a AS SELECT n, k FROM main",
                "CREATE TABLE many AS SELECT row_number() OVER ()::int AS n, f::" + foreignType + " FROM unnest(ARRAY["
                        + foreignKeys + "]::" + (foreignType.equals("int[]") ? "text[]" : foreignType + "[]") + ") f");
        RoleView<Row> a = RoleViews.of(dataSource, "role_{role}", Row.class).forRole("a");
        Details<Many> details = new Details<>("many", "f", "k", Many.class);
        assertThat(a.all(details))
                .containsExactlyInAnyOrder(
                        new WithDetails<>(new Row(1), List.of(new Many(1))),
                        new WithDetails<>(new Row(2), List.of(new Many(2), new Many(3))),
                        new WithDetails<>(new Row(3), List.of()));
        database.execute("CREATE UNIQUE INDEX ON role_a (k)");
        RoleView<Row> keyed = RoleViews.of(dataSource, "role_{role}", Row.class).forRole("a");
        assertThat(keyed.where("n = :n", Map.of("n", 2), details))
                .containsExactly(new WithDetails<>(new Row(2), List.of(new Many(2), new Many(3))));
    }

    /** Even if the server takes two different texts for equal: then each row has the details of both. */
    @Test
    void rowsWithEqualKeysHaveTheSameDetailsOnce() throws Exception {
        record Row(int n) {}
        database.execute(
                "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                "CREATE MATERIALIZED VIEW role_a AS SELECT n, k COLLATE folded AS k"
                        + " FROM (VALUES (1, 'a'), (2, 'A'), (3, 'a'), (4, NULL)) v (n, k)",
                "CREATE TABLE many AS SELECT 7 AS n, 'A' COLLATE folded AS f");
        assertThat(RoleViews.of(dataSource, "role_{role}", Row.class)
                        .forRole("a")
                        .all(new Details<>("many", "f", "k", Many.class)))
                .containsExactlyInAnyOrder(
                        new WithDetails<>(new Row(1), List.of(new Many(7))),
                        new WithDetails<>(new Row(2), List.of(new Many(7))),
                        new WithDetails<>(new Row(3), List.of(new Many(7))),
                        new WithDetails<>(new Row(4), List.of()));
    }

    @Test
    void anEnumIsAKeyInItsOwnOrder() throws Exception {
        database.execute(
                "CREATE SCHEMA elsewhere",
                "CREATE TYPE elsewhere.\"Mood\" AS ENUM ('SAD', 'GLAD')",
                "CREATE MATERIALIZED VIEW role_a AS SELECT m::elsewhere.\"Mood\" AS mood, id"
                        + " FROM (VALUES ('GLAD', 1), ('SAD', 2), ('SAD', 1)) v (m, id)",
                "CREATE UNIQUE INDEX ON role_a (mood, id)");
        RoleView<Feeling> a =
                RoleViews.of(dataSource, "role_{role}", Feeling.class).forRole("a");
        assertThat(a.byKey(Mood.GLAD, 1)).contains(new Feeling(Mood.GLAD, 1));
        assertThat(a.byKey("SAD", 2)).contains(new Feeling(Mood.SAD, 2));
        assertThat(a.byKey("SAD", 5_000_000_000L)).isEmpty();
        assertThat(paged(a))
                .containsExactly(new Feeling(Mood.SAD, 1), new Feeling(Mood.SAD, 2), new Feeling(Mood.GLAD, 1));
    }

    @Test
    void pagesAreInTheOrderOfAnyType() throws Exception {
        record Keyed(UUID id, BigDecimal amount, byte[] bytes, String name) {}
        database.execute(
                "CREATE MATERIALIZED VIEW role_a AS SELECT ('00000000-0000-0000-0000-00000000000' || i % 2)::uuid AS id,"
                        + " (i / 10.0)::numeric(5,2) AS amount, decode('0' || i, 'hex') AS bytes, i::char(3) AS name,"
                        + " ('2026-01-0' || i)::timestamptz AS at, ROW(i, 'x')::text AS odd FROM generate_series(1, 9) i",
                "CREATE UNIQUE INDEX ON role_a (id, amount, bytes, name, at)");
        RoleView<Keyed> a = RoleViews.of(dataSource, "role_{role}", Keyed.class).forRole("a");
        assertThat(paged(a).stream().map(row -> row.name().strip()))
                .containsExactly("2", "4", "6", "8", "1", "3", "5", "7", "9");
        assertThat(a.byKey(
                                UUID.fromString("00000000-0000-0000-0000-000000000001"),
                                new BigDecimal("0.3"),
                                new byte[] {3},
                                "3",
                                a.firstPage(6).next().orElseThrow().get(4))
                        .map(Keyed::amount))
                .contains(new BigDecimal("0.30"));
    }

    private static <R extends Record> List<R> paged(RoleView<R> view) {
        List<R> rows = new ArrayList<>();
        Stream.iterate(
                        Optional.of(view.firstPage(2)),
                        Optional::isPresent,
                        page -> page.get().next().map(key -> view.pageAfter(key, 2)))
                .forEach(page -> rows.addAll(page.get().rows()));
        return rows;
    }
}
