package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.UndeterminedQueries;
import io.refreshd.cli.Refreshd;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.incremental.GeneratedChanges.Table;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.model.SqlNames;
import io.refreshd.model.Undetermined;
import io.refreshd.model.ViewId;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which of the materialized views that applications have could be incremental, in what {@code convert} says of them, and whether those
 * that can be are kept right.
 *
 * <p>The schemas are our own, in the forms of public ones: {@code coverage/*.sql}. The comment of each view names its kind.
 * {@code target/coverage.txt} holds what is printed. {@code -Drefreshd.seed=…} repeats the changes of a run.
 */
@NullUnmarked // Set before the first test.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class CoverageIT {
    /** How many of the views can be incremental by now. To be raised with every operator that is understood. */
    private static final int INCREMENTAL = 73;

    /** Likewise of the expressions and forms of FROM. */
    private static final int FORMS = 36;

    private static final List<String> SCHEMAS =
            List.of("social", "chat", "registry", "ci", "forum", "music", "map", "erp", "finance", "pages");

    /** Kind of the views of one more schema: expressions and forms of FROM. They have no part in the share. */
    private static final String FORM = "form";

    /** Words that say nothing to somebody who knows SQL and not refreshd. */
    private static final List<String> UNCLEAR = List.of(
            "could not be examined", "could not be read", "unknown form", "not understood", "Exception", "Error");

    private static final String ALL = "~ all of these but forms";

    /** Else a third of them, another one in each run. */
    private static final boolean ALL_OF_THEM = Boolean.getBoolean("refreshd.coverage.all");

    private static final String OWNER = "coverage_owner";

    private static final int ROWS = 48;

    /** Transactions: the first change one table of each schema, the others several. */
    private static final int STEPS = 24;

    @TempDir
    private static Path folder;

    private final long seed = Long.getLong("refreshd.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final GeneratedChanges changes = new GeneratedChanges(random);
    private final Map<String, ViewId> stores = new TreeMap<>();
    private final Set<String> undetermined = new TreeSet<>();
    private TestDatabase database;
    private List<Table> tables;
    private Map<String, JsonNode> said;
    private Map<String, String> kinds;

    @BeforeAll
    void load() throws Exception {
        database = TestDatabase.create();
        // Applications do not own their schemas as superusers, and whose code runs decides much.
        database.execute("CREATE ROLE " + OWNER, "GRANT CREATE ON DATABASE " + database.name() + " TO " + OWNER);
        for (String schema : SCHEMAS) {
            database.execute("SET ROLE " + OWNER + ";" + resource(schema));
        }
        database.execute("SET ROLE " + OWNER + ";" + resource("forms"));
        tables = GeneratedChanges.tables(database, SCHEMAS);
        StringBuilder fill = new StringBuilder(
                "SET session_replication_role = replica; SELECT setseed(" + new Random(seed).nextDouble() + ");");
        tables.forEach(table -> fill.append(table.insert(ROWS)).append(';'));
        database.execute(fill.toString());
        kinds = new TreeMap<>();
        for (String row : database.query(
                "SELECT n.nspname || '.' || c.relname || '|' || coalesce(obj_description(c.oid, 'pg_class'), 'form')"
                        + " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' ORDER BY 1")) {
            String[] part = String.valueOf(row).split("\\|");
            kinds.put(part[0], part[1]);
        }
        said = convert();
        try (Connection connection = database.connect()) {
            UndeterminedQueries queries = UndeterminedQueries.in(connection, CatalogReader.read(connection));
            for (String view : kinds.keySet()) {
                String[] part = view.split("\\.");
                Undetermined found = queries.of(new ViewId(part[0], part[1]));
                if (found.rows() || !found.columns().isEmpty()) {
                    undetermined.add(view);
                }
            }
        }
    }

    @AfterAll
    void drop() throws Exception {
        database.execute("DROP OWNED BY " + OWNER + " CASCADE", "DROP ROLE " + OWNER);
        database.close();
    }

    @Test
    @Order(1)
    void moreThanBeforeCanBeIncrementalAndOfTheOthersEachHasAClearReason() throws Exception {
        String table = execute("convert", "--all") + "\n" + summary();
        System.out.println(table);
        Files.writeString(Path.of("target", "coverage.txt"), table);
        assertThat(said.keySet()).isEqualTo(kinds.keySet());
        said.forEach((view, node) -> {
            List<String> reasons = new ArrayList<>();
            node.path("obstacles")
                    .forEach(obstacle -> reasons.add(obstacle.path("what").asText()));
            for (JsonNode changed : node.path("tables")) {
                if (!changed.path("everything").isNull()) {
                    reasons.add(changed.path("everything").asText());
                }
            }
            assertThat(possible(view)).as(view).isEqualTo(node.path("obstacles").isEmpty());
            assertThat(reasons).as(view).allSatisfy(reason -> {
                // Also JSON's null as text is shorter.
                assertThat(reason).hasSizeGreaterThan(10);
                UNCLEAR.forEach(word -> assertThat(reason).doesNotContain(word));
            });
        });
        assertThat(kinds.keySet().stream().filter(view -> kinds.get(view).equals("join") && !possible(view)))
                .as("views that select, project and join, and cannot be incremental")
                .isEmpty();
        assertThat(incremental(false)).as("incremental views").isGreaterThanOrEqualTo(INCREMENTAL);
        assertThat(incremental(true)).as("incremental views of %s", FORM).isGreaterThanOrEqualTo(FORMS);
    }

    @Test
    @Order(2)
    void thoseThatCanBeAreConvertedAndKeptRight() throws Exception {
        // To convert them all takes minutes.
        List<String> promised = said.keySet().stream()
                .filter(view -> possible(view) && !kinds.get(view).equals(FORM))
                .filter(view -> ALL_OF_THEM || random.nextInt(3) == 0)
                .toList();
        List<String> arguments = new ArrayList<>(List.of("convert", "--apply"));
        arguments.addAll(promised);
        String done = execute(arguments.toArray(String[]::new));
        try (Handle handle = database.open()) {
            Map<ViewId, IncrementalViewRows.Row> rows = IncrementalViewRows.load(handle);
            rows.forEach((view, row) -> stores.put(view.toString(), row.store().orElseThrow()));
        }
        List<String> convertible = List.copyOf(stores.keySet());
        dropOthers(convertible);
        try (RunningDaemon daemon = RunningDaemon.start(database, configuration(convertible))) {
            daemon.awaitFresh();
            assertAsDefined(convertible, "conversion");
            Map<String, List<Table>> bySchema = tables.stream().collect(Collectors.groupingBy(Table::schema));
            int most = bySchema.values().stream().mapToInt(List::size).max().orElseThrow();
            for (int step = 0; step < STEPS; step++) {
                int at = step;
                // One table of each schema at a time, so that no other change hides one that is not carried through.
                List<Table> changed = step < most
                        ? bySchema.values().stream()
                                .map(of -> of.get(at % of.size()))
                                .toList()
                        : tables.stream()
                                .filter(table -> random.nextInt(3) == 0)
                                .toList();
                database.execute(changes.transaction(changed));
                Set<String> names = changed.stream().map(Table::name).collect(Collectors.toCollection(TreeSet::new));
                List<String> readers = convertible.stream()
                        .filter(view -> tables(said.get(view))
                                .anyMatch(table ->
                                        names.contains(table.path("table").asText())))
                        .toList();
                awaitFresh(readers);
                assertAsDefined(readers, "changes of " + names);
            }
        }
        // By chance the condition of some view holds for none of the rows that change.
        assertThat(database.query("SELECT view_schema || '.' || view_name FROM refreshd.refresh_history GROUP BY 1"
                        + " HAVING sum(rows_changed) > 0"))
                .as("views of which rounds changed rows, of %s; seed %d", convertible, seed)
                .hasSizeGreaterThan(convertible.size() * 2 / 3);
        System.out.println("CoverageIT: "
                + database.query("SELECT count(*) || ' rounds, ' || count(*) FILTER (WHERE rows_changed > 0)"
                                + " || ' of them changed rows' FROM refreshd.refresh_history")
                        .getFirst());
        // Last, so that one view that is refused hides nothing of the others.
        assertThat(convertible)
                .as(Pattern.compile("\\R(?! )")
                        .splitAsStream(done)
                        .filter(view -> !view.contains("  is incremental, by "))
                        .collect(Collectors.joining("\n")))
                .containsExactlyElementsOf(promised);
    }

    /** A small catalog costs less to watch. */
    private void dropOthers(List<String> convertible) throws Exception {
        String others = kinds.keySet().stream()
                .filter(view -> !convertible.contains(view))
                .collect(Collectors.joining(", "));
        database.execute("DROP MATERIALIZED VIEW " + others, "DROP SCHEMA forms CASCADE");
    }

    /** A view whose every change goes by keys is suspended if a round would recompute everything. */
    private String configuration(List<String> views) {
        return "views: { quiet-period: 20ms, include: [" + String.join(", ", views) + "], overrides: { "
                + views.stream()
                        .filter(view -> always(said.get(view)))
                        .map(view -> view + ": { full-recompute: never }")
                        .collect(Collectors.joining(", "))
                + " } }";
    }

    /**
     * Waits for all at once, since each wait of its own takes what the log takes. A view that reads the clock has no watermark: it lacks
     * nothing once the log has been read that far.
     */
    private void awaitFresh(List<String> views) throws Exception {
        String position = database.query("SELECT pg_current_wal_insert_lsn()").getFirst();
        String behind =
                "SELECT f.view_oid::regclass || ' ' || f.state || ' ' || coalesce(f.reason, '') FROM refreshd.freshness f"
                        + " WHERE f.view_oid::regclass::text = ANY (string_to_array('" + String.join(",", views)
                        + "', ',')) AND NOT coalesce(f.watermark >= '" + position
                        + "', f.state = 'untracked' AND (SELECT acknowledged FROM refreshd.stream) >= '" + position
                        + "', false)";
        await("what was committed is in the views").until(() -> {
            List<String> found = database.query(behind);
            assertThat(found).noneMatch(view -> view.contains(" suspended ") || view.contains(" blocked "));
            return found.isEmpty();
        });
    }

    private void assertAsDefined(List<String> views, String after) throws Exception {
        String different = views.stream()
                .filter(view -> !undetermined.contains(view))
                .map(view -> {
                    ViewId store = stores.get(view);
                    String name = SqlNames.qualified(store);
                    String definition = SqlNames.qualified(new ViewId(store.schema(), store.name() + "_definition"));
                    return "SELECT '" + view + "' WHERE EXISTS (SELECT x::text FROM " + name
                            + " x EXCEPT ALL SELECT x::text FROM " + definition + " x) OR EXISTS (SELECT x::text FROM "
                            + definition + " x EXCEPT ALL SELECT x::text FROM " + name + " x)";
                })
                .collect(Collectors.joining(" UNION ALL "));
        if (!different.isEmpty()) {
            assertThat(database.query(different))
                    .as("seed %d, views that are not what their queries say after %s", seed, after)
                    .isEmpty();
        }
    }

    private boolean possible(String view) {
        return said.get(view).path("possible").asBoolean();
    }

    private long incremental(boolean forms) {
        return said.keySet().stream()
                .filter(view -> kinds.get(view).equals(FORM) == forms && useful(view))
                .count();
    }

    /** Whether there is anything to gain: a table whose changes do not recompute everything. */
    private boolean useful(String view) {
        return possible(view)
                && tables(said.get(view))
                        .anyMatch(table -> table.path("everything").isNull());
    }

    private static Stream<JsonNode> tables(JsonNode view) {
        return StreamSupport.stream(view.path("tables").spliterator(), false);
    }

    /** By kind: how many views there are, how many can be incremental, and of how many of these every change goes by keys. */
    private String summary() {
        Map<String, int[]> counts = new TreeMap<>();
        said.forEach((view, node) -> {
            for (String kind : kinds.get(view).equals(FORM) ? List.of(FORM) : List.of(kinds.get(view), ALL)) {
                int[] count = counts.computeIfAbsent(kind, name -> new int[3]);
                count[0]++;
                if (useful(view)) {
                    count[1]++;
                    count[2] += always(node) ? 1 : 0;
                }
            }
        });
        StringBuilder text =
                new StringBuilder("%-36s %5s %11s %14s%n".formatted("kind", "views", "incremental", "always by keys"));
        counts.forEach(
                (kind, count) -> text.append("%-36s %5d %11d %14d%n".formatted(kind, count[0], count[1], count[2])));
        int[] all = counts.get(ALL);
        return text
                + "%d of %d views can be incremental: %d %%. Views of which every change recomputes everything do not count.%n"
                        .formatted(all[1], all[0], 100 * all[1] / all[0]);
    }

    /** Whether the changes of every table are found by keys or values. */
    private static boolean always(JsonNode view) {
        return tables(view).allMatch(table -> table.path("everything").isNull());
    }

    /** What {@code convert} would do with each view. */
    private Map<String, JsonNode> convert() throws Exception {
        Map<String, JsonNode> views = new TreeMap<>();
        new ObjectMapper()
                .readTree(execute("convert", "--all", "--json"))
                .path("views")
                .forEach(view -> views.put(view.path("view").asText(), view));
        return views;
    }

    private String execute(String... arguments) throws IOException {
        Path file = folder.resolve("refreshd.yaml");
        Files.writeString(
                file,
                "database: {url: '%s', user: %s}\ncapture: {slot: %s}\n"
                        .formatted(database.url(), LocalPostgres.USER, database.slot()));
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--config", file.toString()));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all.toArray(String[]::new));
        assertThat(err.toString()).isEmpty();
        return out.toString();
    }

    private static String resource(String schema) throws IOException {
        try (InputStream sql = CoverageIT.class.getResourceAsStream("coverage/" + schema + ".sql")) {
            return new String(sql.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
