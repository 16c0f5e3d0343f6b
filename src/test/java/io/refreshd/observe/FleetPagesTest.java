package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.report.UnitPhase;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a process with several databases shows of them together, and of each. */
class FleetPagesTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private final Monitor orders = monitor("orders", Samples.status(Samples.fresh(Samples.VIEW)));
    private final Monitor away = monitor("away", DaemonStatus.STARTING);
    private List<ServedDatabase> databases = List.of(
            new ServedDatabase("away", UnitPhase.SERVED, "", 2, Optional.of(away)),
            new ServedDatabase("bad", UnitPhase.UNUSABLE, "bad.yaml has <a> problem", 0, Optional.empty()),
            new ServedDatabase("orders", UnitPhase.SERVED, "", 0, Optional.of(orders)),
            new ServedDatabase("theirs", UnitPhase.ELSEWHERE, "another has it", 0, Optional.empty()));
    private final List<String> stuck = new ArrayList<>();
    private Optional<String> unassigned = Optional.empty();
    private final ProcessMonitor monitor = ProcessMonitor.ofSeveral(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            List.of(),
            new ServedDatabases() {
                @Override
                public List<ServedDatabase> all() {
                    return databases;
                }

                @Override
                public List<String> stuck() {
                    return stuck;
                }

                @Override
                public Optional<String> unassigned() {
                    return unassigned;
                }
            },
            () -> Samples.MOMENT,
            "1.2.3");

    private static Monitor monitor(String name, DaemonStatus status) {
        return new Monitor(
                new Monitor.Settings(Optional.of(name), Duration.ofSeconds(1), ViewId::toString, view -> false),
                () -> status,
                () -> Samples.MOMENT,
                () -> Duration.ZERO,
                List::of);
    }

    @BeforeEach
    void start() {
        monitor.start();
    }

    @AfterEach
    void close() {
        monitor.close();
        client.close();
    }

    private HttpResponse<String> get(String path) throws Exception {
        URI address = URI.create("http://127.0.0.1:" + monitor.port() + path);
        return client.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void theSeriesOfEachDatabaseHaveItsLabel() throws Exception {
        orders.accept(new Notice.RefreshAvoided(List.of(Samples.VIEW), Notice.Avoided.COLUMN));
        String scrape = get("/metrics").body();
        assertThat(scrape)
                .contains("refreshd_view_staleness_seconds{database=\"orders\",view=\"" + Samples.VIEW + "\"} 0.0\n")
                .contains("refreshd_capture_state{database=\"orders\",state=\"streaming\"} 1.0\n")
                .contains("refreshd_capture_state{database=\"away\",state=\"connecting\"} 1.0\n")
                .contains("refreshd_database_state{database=\"bad\",state=\"unusable\"} 1.0\n")
                .contains("refreshd_database_state{database=\"theirs\",state=\"elsewhere\"} 1.0\n")
                .contains("refreshd_database_restarts_total{database=\"away\"} 2.0\n");
        assertThat(scrape.lines().filter(line -> line.startsWith("refreshd_build_info{")))
                .hasSize(1);
        assertThat(scrape.lines().filter(line -> line.startsWith("# TYPE ")))
                .as("one family for a name")
                .doesNotHaveDuplicates();
        assertThat(scrape.lines().filter(line -> !line.startsWith("#")).map(line -> line.replaceFirst(" \\S+$", "")))
                .as("one sample for a series")
                .doesNotHaveDuplicates();
    }

    @Test
    void whatIsNotServedAnyMoreHasNoSeries() throws Exception {
        assertThat(get("/metrics").body()).contains("database=\"orders\",view=");
        databases = databases.stream()
                .map(one -> new ServedDatabase(one.name(), UnitPhase.ELSEWHERE, "gone", 0, Optional.empty()))
                .toList();
        assertThat(get("/metrics").body()).doesNotContain("view=\"").contains("jvm_memory_used_bytes");
    }

    @Test
    void eachDatabaseHasThePagesOfADaemonOfItsOwn() throws Exception {
        assertThat(get("/databases/orders/").body()).contains("<h1>refreshd</h1>", Samples.VIEW.toString());
        JsonNode status =
                new ObjectMapper().readTree(get("/databases/orders/status").body());
        assertThat(status.at("/views/0/view").asText()).isEqualTo(Samples.VIEW.toString());
        assertThat(get("/databases/orders/readyz").statusCode()).isEqualTo(200);
        assertThat(get("/databases/away/readyz").statusCode()).isEqualTo(503);
        assertThat(get("/databases/orders/metrics").body())
                .contains("refreshd_view_staleness_seconds{database=\"orders\"")
                .doesNotContain("database=\"away\"");
    }

    @Test
    void aDatabaseThatIsNotServedHereIsAClearError() throws Exception {
        assertThat(get("/databases/bad/").statusCode()).isEqualTo(404);
        assertThat(get("/databases/bad/").body()).contains("database bad is unusable here: bad.yaml has");
        assertThat(get("/databases/theirs/status").body())
                .contains("database theirs is elsewhere here: another has it");
        assertThat(get("/databases/none/status").body())
                .contains("no database none is configured here: /status has the names");
        assertThat(get("/databases/orders").body()).contains("with the slash at its end");
        assertThat(get("/nothing").body()).contains("below /databases/NAME for one");
    }

    @Test
    void thePageListsAllWithThoseInTroubleFirst() throws Exception {
        String page = get("/").body();
        assertThat(page)
                .contains("<a href=\"databases/orders/\">orders</a>")
                .contains("unusable: bad.yaml has &lt;a&gt; problem")
                .doesNotContain("href=\"databases/bad/\"");
        assertThat(page.indexOf(">away<")).isLessThan(page.indexOf(">orders<"));
        assertThat(page.indexOf(">orders<")).isLessThan(page.indexOf(">theirs<"));
    }

    @Test
    void theStatusSumsUpEach() throws Exception {
        JsonNode all = new ObjectMapper().readTree(get("/status").body()).get("databases");
        assertThat(all).hasSize(4);
        assertThat(all.at("/0/reason").asText()).contains("not connected to the write-ahead log");
        assertThat(all.at("/0/restarts").asInt()).isEqualTo(2);
        assertThat(all.at("/1/state").asText()).isEqualTo("unusable");
        assertThat(all.at("/2/ready").asBoolean()).isTrue();
        assertThat(all.at("/2/views/fresh").asInt()).isEqualTo(1);
        assertThat(get(all.at("/2/url").asText()).statusCode()).isEqualTo(200);
        assertThat(all.at("/3/url").isNull()).isTrue();
    }

    @Test
    void oneBadDatabaseTakesNoOtherOutOfService() throws Exception {
        HttpResponse<String> ready = get("/readyz");
        assertThat(ready.statusCode()).isEqualTo(200);
        assertThat(ready.body())
                .contains("database away: not connected", "database bad: unusable")
                .doesNotContain("theirs");
        databases =
                databases.stream().filter(one -> !one.name().equals("orders")).toList();
        assertThat(get("/readyz").statusCode()).as("none is ready").isEqualTo(503);
        databases = databases.stream()
                .filter(one -> one.phase() != UnitPhase.SERVED)
                .toList();
        assertThat(get("/readyz").statusCode()).as("none is to be served here").isEqualTo(200);
        assertThat(get("/readyz").body()).contains("database bad: unusable");
        unassigned = Optional.of("the group refreshd cannot be reached: nobody answers");
        assertThat(get("/readyz").statusCode()).as("nobody knows").isEqualTo(503);
        assertThat(get("/readyz").body()).contains("the group refreshd cannot be reached: nobody answers");
    }

    @Test
    void aProcessThatKeepsWhatItHasWhileItsGroupIsAwayIsReady() throws Exception {
        unassigned = Optional.of("the group refreshd cannot be reached: nobody answers");
        assertThat(get("/readyz").statusCode()).isEqualTo(200);
        assertThat(get("/readyz").body()).contains("the group refreshd cannot be reached");
    }

    @Test
    void theProcessIsAliveUnlessItIsStuckAsAWhole() throws Exception {
        assertThat(get("/livez").statusCode()).isEqualTo(200);
        stuck.add("the thread refreshd-group has died");
        assertThat(get("/livez").statusCode()).isEqualTo(503);
        assertThat(get("/livez").body()).contains("refreshd-group");
    }
}
