package io.refreshd.observe;

import static io.refreshd.observe.Samples.HOSTILE;
import static io.refreshd.observe.Samples.MOMENT;
import static io.refreshd.observe.Samples.VIEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.TableStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.Captured;
import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpServerTest {
    private static final Obstacle HOSTILE_REASON =
            new Obstacle("</td><img src=x onerror=\"alert(1)\">", Remedy.sql("CREATE UNIQUE INDEX ON \"<b>\" ('&')"));

    private final HttpClient client = HttpClient.newHttpClient();
    private volatile Supplier<DaemonStatus> status = () -> Samples.status(Samples.fresh(VIEW));
    private volatile Duration sinceLoopTurn = Duration.ofMillis(3);
    private volatile List<String> deadThreads = List.of();
    private final RefreshHistory history = new RefreshHistory(() -> MOMENT);
    private final HttpServer server = server(0);

    @BeforeEach
    void start() {
        server.start();
    }

    @AfterEach
    void stop() {
        server.close();
        client.close();
    }

    @Test
    void servesMetricsAsPrometheusText() throws Exception {
        HttpResponse<String> answer = get("/metrics");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(type(answer)).isEqualTo("text/plain; version=0.0.4; charset=utf-8");
        assertThat(answer.body())
                .contains("refreshd_view_staleness_seconds{view=\"public.role_a\"} 0.0\n")
                .doesNotContain("# EOF");
    }

    @Test
    void servesOpenMetricsWhenAsked() throws Exception {
        HttpResponse<String> answer = client.send(
                request("/metrics")
                        .header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5,*/*;q=0.1")
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(type(answer)).isEqualTo("application/openmetrics-text; version=1.0.0; charset=utf-8");
        assertThat(answer.body())
                .endsWith("# EOF\n")
                .contains("# TYPE refreshd_refreshes counter")
                .contains("refreshd_build_info{");
    }

    @Test
    void aliveWhileTheLoopTurns() throws Exception {
        assertThat(get("/livez").statusCode()).isEqualTo(200);
        sinceLoopTurn = Duration.ofSeconds(61);
        HttpResponse<String> answer = get("/livez");
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(json(answer).at("/reasons/0").asText())
                .isEqualTo("the loop has not come round for 61 s (allowed: 60 s)");
    }

    @Test
    void readyOrTheReasonsWhyNot() throws Exception {
        HttpResponse<String> ready = get("/readyz");
        assertThat(ready.statusCode()).isEqualTo(200);
        assertThat(json(ready).get("status").asText()).isEqualTo("ready");
        assertThat(json(ready).get("reasons")).isEmpty();

        status = () -> Samples.status(Samples.stale(VIEW, ViewPhase.DIRTY, Duration.ofMinutes(3)));
        HttpResponse<String> late = get("/readyz");
        assertThat(late.statusCode()).isEqualTo(503);
        assertThat(json(late).at("/reasons/0").asText()).contains("public.role_a", "3 min stale");

        status = () -> Samples.status(Samples.stale(VIEW, ViewPhase.SUSPENDED, Duration.ofMinutes(3)));
        HttpResponse<String> suspended = get("/readyz");
        assertThat(suspended.statusCode()).isEqualTo(200);
        assertThat(json(suspended).at("/reasons/0").asText()).contains("public.role_a", "suspended");
        assertThat(json(get("/status")).get("ready").asBoolean()).isTrue();

        status = () -> new DaemonStatus(Samples.stream(StreamPhase.STANDBY, ""), List.of(), List.of());
        HttpResponse<String> standby = get("/readyz");
        assertThat(standby.statusCode()).isEqualTo(503);
        assertThat(json(standby).at("/reasons/0").asText()).contains("standby");
    }

    @Test
    void aRefreshThatTakesLongIsSeen() throws Exception {
        status = () -> Samples.status(Samples.stale(VIEW, ViewPhase.REFRESHING, Duration.ofSeconds(80)));
        assertThat(json(get("/status")).at("/views/0/refreshingSince").asText()).isEqualTo("2026-03-01T11:58:45Z");
        assertThat(get("/").body()).contains(">refreshing</span> for 75 s</td>");
        status = () -> Samples.status(Samples.fresh(VIEW));
        assertThat(json(get("/status")).at("/views/0/refreshingSince").isNull()).isTrue();
        assertThat(get("/").body()).doesNotContain("refreshing</span> for");
    }

    @Test
    void statusIsWholeAndInUnits() throws Exception {
        status = () -> new DaemonStatus(
                Samples.streaming(),
                List.of(
                        Samples.suspended(
                                VIEW,
                                new Obstacle(
                                        "no unique index",
                                        Remedy.sql("CREATE UNIQUE INDEX …").and("or method: plain"))),
                        Samples.neverRefreshed(HOSTILE, ViewPhase.BACKING_OFF)),
                List.of(new TableStatus(
                        Samples.TABLE, Optional.of(new Obstacle("unlogged", Remedy.text("SET LOGGED"))))));
        HttpResponse<String> answer = get("/status");
        assertThat(type(answer)).isEqualTo("application/json; charset=utf-8");
        JsonNode root = json(answer);
        assertThat(root.get("at").asText()).isEqualTo("2026-03-01T12:00:00Z");
        assertThat(root.get("ready").asBoolean()).isFalse();
        assertThat(root.get("reasons")).hasSize(2);
        assertThat(root.at("/stream/phase").asText()).isEqualTo("streaming");
        assertThat(root.at("/stream/routed").asText()).isEqualTo("16/B374D848");
        assertThat(root.at("/stream/lastMessageAgeSeconds").asDouble()).isEqualTo(0.25);

        JsonNode view = root.at("/views/0");
        assertThat(view.get("view").asText()).isEqualTo("public.role_a");
        assertThat(view.get("phase").asText()).isEqualTo("suspended");
        assertThat(view.get("method").asText()).isEqualTo("concurrent");
        assertThat(view.get("stalenessSeconds").asDouble()).isEqualTo(90.0);
        assertThat(view.get("targetLagSeconds").asDouble()).isEqualTo(5.0);
        assertThat(view.get("quietPeriodSeconds").asDouble()).isEqualTo(0.25);
        assertThat(view.get("maxStalenessSeconds").isNull()).isTrue();
        assertThat(view.get("watermark").asText()).isEqualTo("16/B374D800");
        assertThat(view.get("commitTime").asText()).isEqualTo("2026-03-01T11:58:29Z");
        assertThat(view.get("refreshedAt").asText()).isEqualTo("2026-03-01T11:59:57Z");
        assertThat(view.get("lastDurationSeconds").asDouble()).isEqualTo(1.5);
        assertThat(view.get("refreshes").asLong()).isEqualTo(7);
        assertThat(view.at("/reason/what").asText()).isEqualTo("no unique index");
        assertThat(view.at("/reason/remedy").toString())
                .as("statements apart from words")
                .isEqualTo("{\"text\":\"or method: plain\",\"sql\":[\"CREATE UNIQUE INDEX …\"]}");

        JsonNode unknown = root.at("/views/1");
        assertThat(unknown.get("name").asText()).isEqualTo(HOSTILE.name());
        assertThat(unknown.get("phase").asText()).isEqualTo("backing-off");
        assertThat(unknown.get("watermark").isNull()).isTrue();
        assertThat(unknown.get("commitTime").isNull()).isTrue();
        assertThat(unknown.get("reason").isNull()).isTrue();

        assertThat(root.at("/tables/0/captured").asBoolean()).isFalse();
        assertThat(root.at("/tables/0/reason/what").asText()).isEqualTo("unlogged");
    }

    @Test
    void thePageIsReadableWithoutScripts() throws Exception {
        status = () ->
                Samples.status(Samples.fresh(VIEW), Samples.stale(VIEW, ViewPhase.BACKING_OFF, Duration.ofSeconds(90)));
        HttpResponse<String> answer = get("/");
        assertThat(type(answer)).isEqualTo("text/html; charset=utf-8");
        assertThat(answer.body())
                .contains(
                        "<html lang=\"en\">", "name=\"viewport\"", "public.role_a", "backing-off", "90 s", "not ready")
                .contains("<noscript><meta http-equiv=\"refresh\"");
        assertThat(answer.body().indexOf(">backing-off<"))
                .as("trouble comes first")
                .isLessThan(answer.body().indexOf(">fresh<"));
    }

    @Test
    void manyReasonsDoNotPushTheTableOutOfSight() throws Exception {
        status = () -> Samples.status(IntStream.range(0, 40)
                .mapToObj(i -> Samples.stale(
                        new io.refreshd.model.ViewId("public", "role_" + i), ViewPhase.DIRTY, Duration.ofHours(1)))
                .toArray(io.refreshd.report.ViewStatus[]::new));
        String page = get("/").body();
        assertThat(page.split("<li>", -1)).hasSize(1 + 6);
        assertThat(page).contains("and 35 more, see the table", "public.role_39");
    }

    @Test
    void nothingOnThePageBreaksOut() throws Exception {
        status = () -> new DaemonStatus(
                Samples.stream(StreamPhase.CONNECTING, "<script>alert(2)</script>"),
                List.of(Samples.suspended(HOSTILE, HOSTILE_REASON)),
                List.of(new TableStatus(Samples.TABLE, Optional.of(HOSTILE_REASON))));
        String page = get("/").body();
        assertThat(page)
                .contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\&quot;\n{ä}😀&amp;amp;")
                .contains("CREATE UNIQUE INDEX ON &quot;&lt;b&gt;&quot; (&#39;&amp;&#39;)")
                .doesNotContain("<script>alert", "<img", "<b>\"");
        assertThat(page.split("<script", -1)).as("only the page's own script").hasSize(2);
    }

    @Test
    void thePolicyAllowsThePagesOwnStyleAndScriptAndNothingElse() throws Exception {
        HttpResponse<String> page = get("/");
        String policy = header(page, "Content-Security-Policy");
        assertThat(policy)
                .startsWith("default-src 'none'; ")
                .contains("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'")
                .contains("style-src '" + sha256(between(page.body(), "<style>", "</style>")) + "'")
                .contains("script-src '" + sha256(between(page.body(), "<script>", "</script>")) + "'")
                .doesNotContain("unsafe");
        assertThat(page.body()).doesNotContain("http://", "https://", "style=\"", " onclick");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/status", "/metrics", "/livez", "/readyz", "/nothing"})
    void everyAnswerCarriesTheHeadersOfSecurity(String path) throws Exception {
        HttpResponse<String> answer = get(path);
        assertThat(header(answer, "X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(header(answer, "Cache-Control")).isEqualTo("no-store");
        assertThat(header(answer, "Content-Security-Policy")).startsWith("default-src 'none'");
        assertThat(header(answer, "Referrer-Policy")).isEqualTo("no-referrer");
        assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "HEAD", "OPTIONS"})
    void onlyGetIsAnswered(String method) throws Exception {
        HttpResponse<String> answer = client.send(
                request("/status")
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(header(answer, "Allow")).isEqualTo("GET");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/statusx", "/status/", "/metrics/x", "/%2e%2e/etc/passwd", "/favicon.ico"})
    void whatIsNotThereIsNotFound(String path) throws Exception {
        HttpResponse<String> answer = get(path);
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(json(answer).get("error").asText()).contains("/readyz");
        assertThat(answer.body()).doesNotContain("passwd", "favicon");
    }

    @Test
    void aQueryIsIgnored() throws Exception {
        assertThat(get("/livez?verbose=1").statusCode()).isEqualTo(200);
    }

    @Test
    void whatGoesWrongInsideIsNotShownOutside() throws Exception {
        status = () -> {
            throw new IllegalStateException("password=hunter2");
        };
        try (Captured log = new Captured(HttpServer.class)) {
            HttpResponse<String> answer = get("/status");
            assertThat(answer.statusCode()).isEqualTo(500);
            assertThat(answer.body()).doesNotContain("hunter2", "IllegalState");
            assertThat(log.lines()).containsExactly("ERROR Request could not be answered path=/status");
        }
        assertThat(get("/livez").statusCode()).as("the others go on").isEqualTo(200);
    }

    @Test
    void aThousandViewsAreServedToManyAtOnce() throws Exception {
        DaemonStatus large = Samples.status(IntStream.range(0, 1000)
                .mapToObj(i -> Samples.fresh(new io.refreshd.model.ViewId("public", "role_" + i)))
                .toArray(io.refreshd.report.ViewStatus[]::new));
        status = () -> large;
        List<CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, 12)
                .mapToObj(i -> client.sendAsync(
                        request(List.of("/metrics", "/status", "/").get(i % 3)).build(),
                        HttpResponse.BodyHandlers.ofString()))
                .toList();
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            assertThat(answer.get().statusCode()).isEqualTo(200);
            assertThat(answer.get().body()).contains("public.role_999");
        }
    }

    @Test
    void aPortThatIsTakenIsSaidClearly() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> server(taken.getLocalPort()).start())
                    .isInstanceOf(HttpBindException.class)
                    .hasMessageContaining(":" + taken.getLocalPort() + ": ")
                    .hasMessageContaining("http.listen");
        }
    }

    @Test
    void aHostThatIsNotKnownIsSaidClearly() {
        var nowhere = new HttpServer(
                InetSocketAddress.createUnresolved("nowhere.invalid", 9464), List.of(), new Pages(endpoints()));
        assertThatThrownBy(nowhere::start)
                .isInstanceOf(HttpBindException.class)
                .hasMessageContaining("nowhere.invalid:9464: the host name is not known");
    }

    /** DNS rebinding: a foreign name that was made to resolve to this machine. */
    @ParameterizedTest
    @ValueSource(strings = {"/", "/status", "/metrics", "/events"})
    void aForeignHostNameIsNotAnswered(String path) throws Exception {
        assertThat(raw("GET " + path + " HTTP/1.1\r\nHost: rebound.example:9464\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 421 ")
                .contains("X-Content-Type-Options: nosniff", "http.listen")
                .doesNotContain("rebound", "role_a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Host: localhost:9464", "Host: 127.0.0.1", "Host: [::1]:9464", "Connection: close"})
    void addressesLocalhostAndNoHostAreAnswered(String header) throws Exception {
        assertThat(raw("GET /livez HTTP/1.0\r\n" + header + "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void closesBeforeStartAndTwice() {
        HttpServer never = server(0);
        never.close();

        server.close();
        server.close();
        assertThat(server.connections()).isZero();
    }

    /** Any process of the machine may be given a port that is free, so that several are tried. */
    @Test
    void freesThePort() {
        assertThat(IntStream.range(0, 20).filter(i -> startsAgainOnItsPort())).isNotEmpty();
    }

    private boolean startsAgainOnItsPort() {
        HttpServer first = server(0);
        first.start();
        int port = first.port();
        first.close();
        try (HttpServer next = server(port)) {
            next.start();
            return true;
        } catch (HttpBindException taken) {
            return false;
        }
    }

    @Test
    void startsOnce() {
        assertThatThrownBy(server::start).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> server(0).port()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aDeadThreadIsNamedAndEndsLiveness() throws Exception {
        deadThreads = List.of("refreshd-guard");
        HttpResponse<String> answer = get("/livez");
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body()).contains("the thread refreshd-guard has died");
        assertThat(get("/status").statusCode()).isEqualTo(200);
    }

    @Test
    void theLastHourOfAViewIsLoadedByItsName() throws Exception {
        status = () -> Samples.status(Samples.fresh(VIEW), Samples.fresh(HOSTILE));
        HttpResponse<String> answer = get("/timeline?view=public.role_a");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(type(answer)).isEqualTo("text/html; charset=utf-8");
        assertThat(answer.headers().firstValue("Content-Security-Policy"))
                .get()
                .asString()
                .startsWith("default-src 'none'");
        assertThat(answer.body()).contains("<h1>public.role_a</h1>", "No refresh ended");
        Matcher link = Pattern.compile("<th scope=\"row\"><a href=\"(timeline\\?view=[^\"]*script[^\"]*)\"")
                .matcher(get("/").body());
        assertThat(link.find())
                .as("the page has a link to each view, whatever its name")
                .isTrue();
        HttpResponse<String> hostile = get("/" + link.group(1));
        assertThat(hostile.statusCode()).isEqualTo(200);
        assertThat(hostile.body()).doesNotContain("<script>alert");
    }

    @ParameterizedTest
    @CsvSource({
        "/timeline, 400",
        "/timeline?view=a&view=b, 400",
        "/timeline?other=a, 400",
        "/timeline?view=public.gone, 404",
        "/timeline?view=%3Cb%3E%0A, 404"
    })
    void aViewThatIsNotThereIsAClearError(String path, int expected) throws Exception {
        String answer = raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 " + expected + " ").contains("application/json");
        assertThat(answer).contains(expected == 400 ? "/timeline?view=schema.name" : "/status has the names");
    }

    private HttpServer server(int port) {
        return new HttpServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port), List.of(), new Pages(endpoints()));
    }

    private Endpoints endpoints() {
        var own = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Metrics metrics = new Metrics(own, () -> status.get(), () -> MOMENT, io.refreshd.model.ViewId::toString);
        BuildInfo.register(own, "test");
        return new Endpoints(
                new Scrape(metrics, own),
                new Liveness(() -> sinceLoopTurn, Duration.ofSeconds(60), () -> deadThreads),
                new Readiness(Duration.ofSeconds(30), Duration.ofSeconds(2)),
                () -> status.get(),
                () -> MOMENT,
                history);
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), server.port());
    }

    private String raw(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(TestTimeout.LIMIT);
    }

    private static JsonNode json(HttpResponse<String> answer) throws Exception {
        return new ObjectMapper().readTree(answer.body());
    }

    private static String type(HttpResponse<String> answer) {
        return header(answer, "Content-Type");
    }

    private static String header(HttpResponse<String> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }

    private static String between(String text, String start, String end) {
        int from = text.indexOf(start) + start.length();
        return text.substring(from, text.indexOf(end, from));
    }

    private static String sha256(String content) throws Exception {
        byte[] digest = java.security.MessageDigest.getInstance("SHA-256")
                .digest(content.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        return "sha256-" + java.util.Base64.getEncoder().encodeToString(digest);
    }
}
