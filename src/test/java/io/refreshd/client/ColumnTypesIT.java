package io.refreshd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.testing.TestDatabase;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests that the types listed as readable can be read, and that others are rejected when the view is looked up. */
class ColumnTypesIT {
    private TestDatabase database;
    private PGSimpleDataSource dataSource;

    @BeforeEach
    void view() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE VIEW role_a AS SELECT 1::int2 AS small, '1.2.3.4'::inet AS address, ARRAY[1, 2] AS numbers,"
                        + " ARRAY['a', 'b'] AS words, 'x'::text AS word, NULL::text AS nothing, '{}'::jsonb AS json");
        dataSource = new PGSimpleDataSource();
        dataSource.setUrl(database.url());
        dataSource.setUser("postgres");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void arraysAndOptionalValuesAreRead() {
        record Row(int[] numbers, String[] words, Optional<String> word, Optional<String> nothing) {}
        Row row = read(Row.class).getFirst();
        assertThat(row.numbers()).containsExactly(1, 2);
        assertThat(row.words()).containsExactly("a", "b");
        assertThat(row.word()).contains("x");
        assertThat(row.nothing()).isEmpty();
        record Collected(List<Integer> numbers, Set<String> words) {}
        assertThat(read(Collected.class)).containsExactly(new Collected(List.of(1, 2), Set.of("a", "b")));
    }

    @Test
    void columnsOfUnreadableTypesDoNotFit() {
        record Row(
                byte small,
                InetAddress address,
                List<String> numbers,
                String[] word,
                Map<String, String> json,
                Optional<BigInteger> nothing,
                List<?> words) {}
        assertThatThrownBy(() -> read(Row.class))
                .isInstanceOfSatisfying(
                        RoleViewMismatchException.class,
                        e -> assertThat(e.mismatches())
                                .containsExactly(
                                        "column small is int2, and small is byte",
                                        "column address is inet, and address is InetAddress",
                                        "column numbers is _int4, and numbers is java.util.List<java.lang.String>",
                                        "column word is text, and word is String[]",
                                        "column json is jsonb, and json is java.util.Map<java.lang.String, java.lang.String>",
                                        "column nothing is text, and nothing is java.util.Optional<java.math.BigInteger>",
                                        "column words is _text, and words is java.util.List<?>"));
    }

    private <R extends Record> List<R> read(Class<R> row) {
        return RoleViews.of(dataSource, "role_{role}", row).forRole("a").all();
    }
}
