package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.cli.Refreshd;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningKafka;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several daemons as processes, which share databases by a real broker. */
class FleetGroupIT {
    private static final int DATABASES = 6;
    private static final String VIEW = "public.v";

    @TempDir
    private Path folder;

    private final List<TestDatabase> databases = new ArrayList<>();
    private final List<Member> members = new ArrayList<>();
    private int rows;

    private record Member(DaemonProcess process, int port) {
        /** The databases whose stream it reads; by their names in the configuration. */
        Set<String> streams() throws Exception {
            return ofState("streaming");
        }

        Set<String> ofState(String state) throws Exception {
            String body = DaemonProcess.get(port, "/status");
            Set<String> names = new TreeSet<>();
            if (!body.isEmpty()) {
                for (JsonNode one : new ObjectMapper().readTree(body).get("databases")) {
                    if (one.get("state").asText().equals(state)) {
                        names.add(one.get("database").asText());
                    }
                }
            }
            return names;
        }
    }

    private void configure() throws Exception {
        Files.createDirectory(folder.resolve("d"));
        Files.writeString(
                folder.resolve("main.yaml"), """
                database: { user: postgres }
                views: { quiet-period: 50ms }
                http: { listen: "127.0.0.1:${PORT}" }
                databases: { folder: d }
                fleet:
                  bootstrap-servers: "%s"
                  group: %s
                  topic-prefix: "%s."
                  session-timeout: 6s
                """.formatted(RunningKafka.shared().brokers(), name(), name()));
        for (int i = 0; i < DATABASES; i++) {
            TestDatabase database = TestDatabase.create();
            databases.add(database);
            database.execute(
                    "CREATE TABLE t (id int PRIMARY KEY)",
                    "CREATE MATERIALIZED VIEW v AS SELECT id FROM t",
                    "CREATE UNIQUE INDEX ON v (id)");
            Files.writeString(
                    folder.resolve("d/db" + i + ".yaml"),
                    "database: { url: '" + database.url() + "' }\ncapture: { slot: " + database.slot() + " }\n");
        }
    }

    /** Of the group, so that no other test is a member. */
    private String name() {
        return folder.getFileName().toString();
    }

    private Member member() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Member member = new Member(
                DaemonProcess.of(folder.resolve("main.yaml"))
                        .environment(Map.of("PORT", Integer.toString(port)))
                        .start(),
                port);
        members.add(member);
        return member;
    }

    @AfterEach
    void close() throws Exception {
        members.forEach(member -> member.process().close());
        for (TestDatabase database : databases) {
            database.close();
        }
    }

    /** Waits until these daemons read all streams, each as many as the others. */
    private static void awaitShared(Member... sharing) {
        await("the databases are shared by " + sharing.length).until(() -> {
            Set<String> all = new TreeSet<>();
            for (Member member : sharing) {
                Set<String> own = member.streams();
                if (own.size() != DATABASES / sharing.length) {
                    return false;
                }
                all.addAll(own);
            }
            return all.size() == DATABASES;
        });
    }

    private void write() throws Exception {
        rows++;
        for (TestDatabase database : databases) {
            database.execute("INSERT INTO t VALUES (" + rows + ")");
        }
    }

    private void awaitFresh() throws Exception {
        for (TestDatabase database : databases) {
            FreshnessWait.await(VIEW, database::query);
            assertThat(database.query("SELECT count(*) FROM v")).containsExactly(Integer.toString(rows));
        }
    }

    private static Set<String> intersection(Set<String> a, Set<String> b) {
        Set<String> both = new TreeSet<>(a);
        both.retainAll(b);
        return both;
    }

    @Test
    void databasesAreSharedAndTakenOver() throws Exception {
        configure();
        assertThat(check()).contains("fleet:\n\nNo problems found.");
        assertThat(RunningKafka.shared().has(name() + ".db0"))
                .as("check makes no topic")
                .isFalse();
        Member first = member();
        awaitShared(first);
        assertThat(first.process().lines())
                .as("a line names its database")
                .anyMatch(line -> line.contains("database=\"db0\""));
        Member second = member();
        awaitShared(first, second);
        write();
        awaitFresh();

        Set<String> ofFirst = first.streams();
        Set<String> ofSecond = second.streams();
        Member third = member();
        awaitShared(first, second, third);
        assertThat(ofFirst).as("a third daemon takes no more than it has to").containsAll(first.streams());
        assertThat(ofSecond).containsAll(second.streams());

        third.process().kill();
        write();
        awaitShared(first, second);
        awaitFresh();

        Set<String> frozen = second.streams();
        second.process().freeze();
        write();
        await("they are given to the first")
                .until(() -> intersection(frozen, first.ofState("standby")).equals(frozen));
        endSessionsOf(frozen);
        awaitShared(first);
        awaitFresh();
        Set<String> tokens = tokens();
        second.process().thaw();
        write();
        awaitShared(first, second);
        awaitFresh();
        assertThat(intersection(first.streams(), second.streams())).isEmpty();
        tokens.removeAll(tokens());
        assertThat(tokens).as("leases that changed hands").hasSize(DATABASES / 2);
        assertThat(second.process().terminate()).isZero();
        write();
        awaitShared(first);
        awaitFresh();
    }

    private Set<String> tokens() throws Exception {
        Set<String> tokens = new TreeSet<>();
        for (TestDatabase database : databases) {
            tokens.addAll(database.query("SELECT current_database() || ':' || token FROM refreshd.lease"));
        }
        return tokens;
    }

    /** What the server does with silent sessions after a minute. */
    private void endSessionsOf(Set<String> frozen) throws Exception {
        for (String name : frozen) {
            TestDatabase database = databases.get(Integer.parseInt(name.substring(2)));
            database.query("SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN refreshd.lease k"
                    + " ON (l.classid::int8 << 32) + l.objid::int8 = k.lock_key WHERE l.locktype = 'advisory'");
            database.query("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '"
                    + database.slot() + "' AND active");
        }
    }

    private String check() {
        StringWriter out = new StringWriter();
        Refreshd.commandLine(Map.of("PORT", "0"))
                .setOut(new PrintWriter(out, true))
                .execute("check", "--config", folder.resolve("main.yaml").toString());
        return out.toString();
    }

    /** It takes a minute until a daemon notices. {@link FleetIT} has one that never reached its group. */
    @Test
    @Tag("faults")
    void whileTheGroupIsAwayEachKeepsWhatItHas() throws Exception {
        configure();
        Member member = member();
        awaitShared(member);
        RunningKafka.shared().stopBroker();
        try {
            await("it is said")
                    .until(() -> DaemonProcess.get(member.port(), "/readyz").contains("cannot be reached"));
            write();
            awaitFresh();
            assertThat(member.streams()).hasSize(DATABASES);
        } finally {
            RunningKafka.shared().startBroker();
        }
        await("it is reached again")
                .until(() -> !DaemonProcess.get(member.port(), "/readyz").contains("cannot be reached"));
        write();
        awaitFresh();
        assertThat(member.streams()).hasSize(DATABASES);
    }
}
