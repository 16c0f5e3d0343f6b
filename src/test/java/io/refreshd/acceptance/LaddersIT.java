package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.cli.Refreshd;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ladders: views that read the one below four times, so that 4^12 ways lead from the highest to the table. Whoever may create views can
 * make them. The daemon and the verbs go on, and say that the view is not examined.
 *
 * <p>No ladder is ever populated: the server itself would follow all ways. One database and one daemon.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LaddersIT {
    private static final int HEIGHT = 12;

    @TempDir
    private Path folder;

    private TestDatabase database;
    private RunningDaemon daemon;

    /** A rung, by the name of the one below. */
    private record Ladder(String name, String lowest, String rung) {
        Stream<String> statements() {
            return IntStream.rangeClosed(0, HEIGHT).mapToObj(this::view);
        }

        private String view(int number) {
            return "CREATE VIEW " + name + number + " AS "
                    + (number == 0 ? lowest : rung.replace("BELOW", name + (number - 1)));
        }

        String highest() {
            return "CREATE MATERIALIZED VIEW of_" + name + " AS SELECT id FROM " + name + HEIGHT + " WITH NO DATA";
        }
    }

    private static final List<Ladder> LADDERS = List.of(
            new Ladder("joined", "SELECT id FROM t", "SELECT a.id FROM " + times("BELOW", " NATURAL JOIN ")),
            new Ladder(
                    "outer_joined",
                    "SELECT id FROM t",
                    "SELECT a.id FROM BELOW a LEFT JOIN BELOW b USING (id) LEFT JOIN BELOW c USING (id) LEFT JOIN BELOW d USING (id)"),
            new Ladder(
                    "existing",
                    "SELECT id FROM t",
                    "SELECT id FROM BELOW a WHERE EXISTS (SELECT FROM BELOW b WHERE b.id = a.id)"
                            + " AND id IN (SELECT id FROM BELOW) AND id NOT IN (SELECT -id FROM BELOW)"),
            new Ladder(
                    "grouped",
                    "SELECT id FROM t GROUP BY id",
                    "SELECT a.id FROM " + times("BELOW", " NATURAL JOIN ") + " GROUP BY a.id"),
            new Ladder(
                    "united",
                    "SELECT id FROM t GROUP BY id",
                    Stream.generate(() -> "SELECT id FROM BELOW GROUP BY id")
                            .limit(4)
                            .collect(Collectors.joining(" UNION "))),
            new Ladder(
                    "with",
                    "SELECT id FROM t",
                    "WITH w AS (SELECT a.id FROM " + times("BELOW", " NATURAL JOIN ") + ") SELECT id FROM w"),
            new Ladder(
                    "numbered",
                    "SELECT id FROM t",
                    "SELECT a.id, row_number() OVER (ORDER BY a.id) AS n FROM BELOW a JOIN BELOW b USING (id)"
                            + " JOIN BELOW c USING (id) JOIN BELOW d USING (id)"),
            new Ladder(
                    "lateral",
                    "SELECT id FROM t",
                    "SELECT a.id FROM BELOW a CROSS JOIN LATERAL (SELECT b.id AS x FROM BELOW b WHERE b.id = a.id"
                            + " UNION ALL SELECT c.id FROM BELOW c WHERE c.id = a.id LIMIT 1) l"),
            new Ladder(
                    "clocked",
                    "SELECT id, at FROM t",
                    "SELECT a.id, a.at FROM BELOW a JOIN BELOW b USING (id) JOIN BELOW c USING (id) JOIN BELOW d USING (id)"
                            + " WHERE a.at > now() - interval '1 day'"));

    private static String times(String below, String between) {
        return Stream.of("a", "b", "c", "d").map(name -> below + " " + name).collect(Collectors.joining(between));
    }

    static Stream<String> tops() {
        return Stream.concat(
                LADDERS.stream().map(ladder -> "of_" + ladder.name()),
                Stream.of("of_with_alone", "of_grouped_with_alone", "of_sub_selects", "of_cycle"));
    }

    @BeforeAll
    void start() throws Exception {
        database = TestDatabase.create();
        database.execute("CREATE TABLE t (id int PRIMARY KEY, at timestamptz DEFAULT now())");
        for (Ladder ladder : LADDERS) {
            database.execute(Stream.concat(ladder.statements(), Stream.of(ladder.highest()))
                    .toArray(String[]::new));
        }
        database.execute(
                // Within one query.
                "CREATE MATERIALIZED VIEW of_with_alone AS WITH "
                        + with(
                                "SELECT id FROM t",
                                number -> "SELECT a.id FROM " + times(below(number), " NATURAL JOIN "))
                        + " SELECT id FROM w12 WITH NO DATA",
                "CREATE MATERIALIZED VIEW of_grouped_with_alone AS WITH "
                        + with(
                                "SELECT id FROM t GROUP BY id",
                                number -> Stream.generate(() -> "SELECT id FROM " + below(number) + " GROUP BY id")
                                        .limit(4)
                                        .collect(Collectors.joining(" UNION ")))
                        + " SELECT id FROM w12 GROUP BY id WITH NO DATA",
                "CREATE MATERIALIZED VIEW of_sub_selects AS " + nested(4) + " WITH NO DATA",
                // The server follows a cycle for ever too; it does not look for one here.
                "CREATE VIEW cycle1 AS SELECT id FROM t GROUP BY id",
                "CREATE VIEW cycle2 AS SELECT a.id FROM " + times("cycle1", " NATURAL JOIN ") + " GROUP BY a.id",
                "CREATE OR REPLACE VIEW cycle1 AS SELECT id FROM cycle2 GROUP BY id UNION SELECT id FROM cycle2 GROUP BY id",
                "CREATE MATERIALIZED VIEW of_cycle AS SELECT id FROM cycle2 WITH NO DATA",
                "CREATE MATERIALIZED VIEW bystander AS SELECT id FROM t",
                "CREATE UNIQUE INDEX ON bystander (id)");
        // Three views on each level, each reads all below.
        for (int level = 0; level <= HEIGHT; level++) {
            for (int number = 0; number < 3; number++) {
                String view = "stacked" + level + "_" + number;
                String read = level == 0
                        ? "t"
                        : IntStream.range(0, 3)
                                .mapToObj(new StackedBelow(level)::name)
                                .collect(Collectors.joining(" NATURAL JOIN "));
                database.execute(
                        "CREATE MATERIALIZED VIEW " + view + " AS SELECT id FROM " + read,
                        "CREATE UNIQUE INDEX ON " + view + " (id)");
            }
        }
        daemon = RunningDaemon.start(database);
    }

    private record StackedBelow(int level) {
        String name(int number) {
            return "stacked" + (level - 1) + "_" + number;
        }
    }

    private static String below(int number) {
        return "w" + (number - 1);
    }

    private static String with(String lowest, IntFunction<String> rung) {
        return IntStream.rangeClosed(0, HEIGHT)
                .mapToObj(number -> "w" + number + " AS (" + (number == 0 ? lowest : rung.apply(number)) + ")")
                .collect(Collectors.joining(", "));
    }

    private static String nested(int height) {
        return height == 0
                ? "SELECT id FROM t"
                : "SELECT a.id FROM " + times("(" + nested(height - 1) + ")", " NATURAL JOIN ");
    }

    @AfterAll
    void stop() throws Exception {
        daemon.close();
        database.close();
    }

    @ParameterizedTest
    @MethodSource("tops")
    void saysWhyTheViewIsNotKept(String view) throws Exception {
        assertThat(database.query(
                        "SELECT state || ': ' || reason FROM refreshd.freshness WHERE view_name = '" + view + "'"))
                .singleElement()
                .asString()
                .startsWith("suspended: ")
                .contains("is not populated");
    }

    @Test
    void otherViewsAreKept() throws Exception {
        database.execute("INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t");
        FreshnessWait.await("bystander", database::query);
        FreshnessWait.await("stacked12_2", database::query);
        assertThat(database.query("SELECT id FROM stacked12_2")).isEqualTo(database.query("SELECT id FROM t"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"graph", "check", "explain", "convert", "audit"})
    void theVerbsEnd(String verb) throws Exception {
        Path file = Files.writeString(
                folder.resolve("refreshd.yaml"), RunningDaemon.configuration(database.url(), database.slot(), ""));
        List<String> arguments = new ArrayList<>(List.of(verb, "--config", file.toString()));
        switch (verb) {
            case "explain" -> arguments.addAll(List.of("public.t", "--key", "1"));
            case "convert", "audit" -> arguments.addAll(List.of("public.bystander", "public.of_*"));
            default -> {
                // No more.
            }
        }
        StringWriter out = new StringWriter();
        FutureTask<Integer> task = new FutureTask<>(() -> Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(arguments.toArray(String[]::new)));
        Thread.ofPlatform().daemon().start(task);
        TestTimeout.get(task);
        assertThat(out.toString()).contains("public.bystander");
        if (verb.equals("graph") || verb.equals("convert")) {
            assertThat(out.toString().split("reads more than 1000 plain views and sub-queries", -1))
                    .as(out.toString())
                    .hasSizeGreaterThan(5);
        }
    }
}
