package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.cli.Refreshd;
import io.refreshd.config.FleetReader;
import io.refreshd.fleet.Fleet;
import io.refreshd.observe.ServedDatabase;
import io.refreshd.report.UnitPhase;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** One process that serves several databases by their slots. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FleetIT {
    private static final String VIEW = "public.v";

    @TempDir
    private static Path folder;

    private TestDatabase orders;
    private TestDatabase users;
    private Path main;
    private Fleet fleet;

    @BeforeAll
    void start() throws Exception {
        orders = database();
        users = database();
        Files.createDirectory(folder.resolve("d"));
        main = Files.writeString(folder.resolve("main.yaml"), """
                database: { user: postgres }
                views: { quiet-period: 50ms }
                capture: { heartbeat-interval: 1s, catalog-poll-interval: 1s }
                http: { listen: "127.0.0.1:0" }
                databases: { folder: d }
                """);
        write("orders", orders.url(), orders.slot());
        write("users", users.url(), users.slot());
        write("away", "jdbc:postgresql://127.0.0.1:1/away", "away");
        write("nobody", orders.url().replace(orders.name(), "postgres"), "nobody");
        Files.writeString(
                folder.resolve("d/nobody.yaml"), "database: { url: 'jdbc:postgresql://127.0.0.1:1/x', usr: y }\n");
        fleet = new Fleet(FleetReader.read(main, Map.of()).orElseThrow(), Duration.ofHours(1), (name, notice) -> {});
        fleet.start();
    }

    private static TestDatabase database() throws Exception {
        TestDatabase database = TestDatabase.create();
        database.execute(
                "CREATE TABLE t (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW v AS SELECT id FROM t",
                "CREATE UNIQUE INDEX ON v (id)");
        return database;
    }

    private void write(String name, String url, String slot) throws Exception {
        Files.writeString(
                folder.resolve("d").resolve(name + ".yaml"),
                "database: { url: '" + url + "' }\ncapture: { slot: " + slot + " }\n");
    }

    @AfterAll
    void close() throws Exception {
        fleet.close();
        orders.close();
        users.close();
    }

    private ServedDatabase database(String name) {
        return fleet.all().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void awaitOwnWrite(TestDatabase database, int id) throws Exception {
        await("the ledger is there")
                .until(() -> database.query("SELECT 1 FROM pg_class WHERE oid = to_regclass('refreshd.freshness')")
                                .size()
                        == 1);
        database.execute("INSERT INTO t VALUES (" + id + ")");
        FreshnessWait.await(VIEW, database::query);
        assertThat(database.query("SELECT id FROM v WHERE id = " + id)).hasSize(1);
    }

    private String get(String path) throws Exception {
        return DaemonProcess.get(fleet.httpPort(), path);
    }

    private String output(int code, String... arguments) {
        StringWriter out = new StringWriter();
        int ended = Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(arguments);
        assertThat(ended).as(out.toString()).isEqualTo(code);
        return out.toString();
    }

    @Test
    void eachIsServedAndOneThatCannotBeHarmsNoOther() throws Exception {
        awaitOwnWrite(orders, 1);
        awaitOwnWrite(users, 1);
        assertThat(database("nobody").phase()).isEqualTo(UnitPhase.UNUSABLE);
        await("the reason").until(() -> get("/databases/away/status").contains("refused"));
        assertThat(database("away").phase()).isEqualTo(UnitPhase.SERVED);
        assertThat(get("/status")).contains("\"orders\"", "line 1: database.usr: unknown key");
        assertThat(get("/metrics"))
                .contains("refreshd_view_watermark_known{database=\"orders\",view=\"public.v\"} 1.0")
                .contains("refreshd_view_watermark_known{database=\"users\",view=\"public.v\"} 1.0");
        assertThat(orders.query("SELECT slot FROM refreshd.stream")).containsExactly(orders.slot());
        assertThat(users.query("SELECT slot FROM refreshd.stream")).containsExactly(users.slot());
    }

    @Test
    void aDatabaseThatHasGotStuckBeginsAnewAlone() throws Exception {
        awaitOwnWrite(orders, 2);
        awaitOwnWrite(users, 2);
        long before = fleet.all().stream().mapToLong(ServedDatabase::restarts).sum();
        // An interrupt that nobody asked for ends the thread.
        Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("refreshd-supervisor"))
                .findFirst()
                .orElseThrow()
                .interrupt();
        await("it begins anew")
                .until(() ->
                        fleet.all().stream().mapToLong(ServedDatabase::restarts).sum() > before);
        await("it is served again")
                .until(() -> fleet.all().stream()
                        .allMatch(one -> one.phase() == UnitPhase.SERVED || one.phase() == UnitPhase.UNUSABLE));
        awaitOwnWrite(orders, 3);
        awaitOwnWrite(users, 3);
        assertThat(fleet.all().stream().mapToLong(ServedDatabase::restarts).sum())
                .isEqualTo(before + 1);
        assertThat(get("/livez")).contains("alive");
    }

    @Test
    void verbsAskWhichDatabaseIsMeant() throws Exception {
        awaitOwnWrite(orders, 4);
        awaitOwnWrite(users, 4);
        String config = main.toString();
        assertThat(output(2, "refresh", "--config", config, "--all"))
                .contains("say which is meant: --database NAME, one of away, nobody, orders, users");
        assertThat(output(2, "refresh", "--config", config, "--database", "order", "--all"))
                .contains("--database order: ")
                .contains("does not name it");
        assertThat(output(0, "refresh", "--config", config, "--database", "orders", "--all"))
                .contains("public.v: refreshed");
        assertThat(output(2, "refresh", "--config", config, "--database", "nobody", "--all"))
                .contains("database.usr: unknown key");
    }

    @Test
    void statusAndCheckWithoutANameAreAboutAll() throws Exception {
        awaitOwnWrite(orders, 5);
        awaitOwnWrite(users, 5);
        String config = main.toString();
        assertThat(output(2, "status", "--config", config))
                .as("what is known is shown all the same")
                .containsSubsequence(
                        "away: unknown: the database cannot be reached",
                        "nobody: unknown: ",
                        "orders: The",
                        "users: The");
        JsonNode status = new ObjectMapper().readTree(output(2, "status", "--config", config, "--json"));
        assertThat(status.at("/databases/users/views/0/view").asText()).isEqualTo(VIEW);
        assertThat(status.at("/databases/away/error").asText()).contains("cannot be reached");
        assertThat(output(0, "status", "--config", config, "--database", "orders"))
                .startsWith("The daemon is alive.");
        assertThat(output(2, "check", "--config", config))
                .as("an unusable file is an error")
                .containsSubsequence("away:", "cannot be reached", "nobody:", "unknown key", "orders:", "users:");
        Files.delete(folder.resolve("d/nobody.yaml"));
        try {
            assertThat(output(4, "check", "--config", config)).doesNotContain("nobody");
            output(4, "status", "--config", config);
        } finally {
            Files.writeString(folder.resolve("d/nobody.yaml"), "database: { usr: y }\n");
        }
        List<String> one = output(2, "run", "--config", config, "--database", "nobody")
                .lines()
                .toList();
        assertThat(one.getFirst()).contains("nobody.yaml has");
    }

    /** Nobody answers at this address. */
    @Test
    void whileTheGroupIsAwayNothingIsCalledReady() throws Exception {
        Path away = Files.writeString(
                folder.resolve("away.yaml"),
                Files.readString(main).replace("folder: d", "folder: one")
                        + "fleet: { bootstrap-servers: \"127.0.0.1:1\", group: none }\n");
        Files.createDirectory(folder.resolve("one"));
        Files.copy(folder.resolve("d/orders.yaml"), folder.resolve("one/orders.yaml"));
        try (Fleet member =
                new Fleet(FleetReader.read(away, Map.of()).orElseThrow(), Duration.ofHours(1), (name, notice) -> {})) {
            member.start();
            assertThat(DaemonProcess.get(member.httpPort(), "/readyz"))
                    .contains("not ready", "the group none has assigned nothing yet");
            assertThat(member.all()).noneMatch(one -> one.phase() == UnitPhase.SERVED);
        }
        assertThat(output(3, "check", "--config", away.toString()))
                .contains("fleet:", "Kafka at 127.0.0.1:1 does not answer as it should", "fleet.bootstrap-servers");
    }
}
