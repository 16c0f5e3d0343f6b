package io.refreshd.observe;

import static io.refreshd.observe.Samples.HOSTILE;
import static io.refreshd.observe.Samples.MOMENT;
import static io.refreshd.observe.Samples.VIEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.report.TableStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.testing.Browser;
import io.refreshd.testing.Installed;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page in a real browser. Screenshots for people to look at are left in target/screenshots. */
class StatusPageIT {
    private static final ViewId TOTALS = new ViewId("public", "role_totals");
    private static final Path PICTURES = Path.of("target", "screenshots");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final History history = new History(() -> MOMENT);
    private volatile DaemonStatus status = ordinary();
    private final HttpServer server = server();
    private @Nullable Browser started;

    @BeforeEach
    void start() throws Exception {
        Installed.orSkip("chromium");
        for (int i = 0; i < 20; i++) {
            history.accept(new Notice.RefreshDone(
                    VIEW,
                    Method.CONCURRENT,
                    Duration.ofMillis(40 + i),
                    Optional.of(Duration.ofMillis(300 + 200L * (i % 7))),
                    Optional.of(3L * i)));
        }
        server.start();
        started = Browser.start();
    }

    @AfterEach
    void stop() throws Exception {
        if (started != null) {
            started.close();
        }
        server.close();
    }

    @Test
    void showsWhatStandsOnWhatAndHowFreshItIs() throws Exception {
        Browser browser = open();
        assertThat(browser.evaluate("document.querySelector('.graph').innerText"))
                .contains("public.main", "public.role_a", "public.role_totals");
        assertThat(browser.evaluate("document.querySelectorAll('.spark polyline').length"))
                .isEqualTo("1");
        assertThat(browser.evaluate("document.querySelector('.recent').innerText"))
                .contains("57 rows changed");
        assertThat(browser.evaluate("document.querySelector('tr.why pre').innerText"))
                .isEqualTo("CREATE UNIQUE INDEX ON \"<b>\" ('&')");
        browser.appear(1200, 1000, "light");
        browser.screenshot(PICTURES.resolve("light.png"));
        browser.appear(1200, 1000, "dark");
        browser.screenshot(PICTURES.resolve("dark.png"));
    }

    @Test
    void fitsAPhone() throws Exception {
        Browser browser = open();
        browser.appear(390, 844, "dark");
        assertThat(browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
                .as("nothing is wider than the screen")
                .isEqualTo("true");
        browser.screenshot(PICTURES.resolve("phone.png"));
    }

    @Test
    void changesByItselfAndKeepsThePlaceOfTheKeyboard() throws Exception {
        Browser browser = open();
        browser.evaluate("document.querySelector('a.node').focus()");
        String focused = browser.evaluate("document.activeElement.textContent");
        browser.evaluate("document.querySelector('main').dataset.old = 'yes'");
        status = Samples.status(Samples.stale(VIEW, ViewPhase.BACKING_OFF, Duration.ofSeconds(90)));
        status = new DaemonStatus(status.stream(), status.views(), ordinary().tables());
        await("the page shows the new state")
                .atMost(PATIENCE)
                .until(() -> browser.evaluate("document.querySelector('.views').innerText")
                        .contains("backing-off"));
        assertThat(browser.evaluate("document.querySelector('main').dataset.old"))
                .isEqualTo("undefined");
        assertThat(browser.evaluate("document.activeElement.textContent")).isEqualTo(focused);
        assertThat(browser.evaluate("document.getElementById('live').textContent"))
                .isEqualTo("live");

        server.close();
        await("it says that it is old")
                .atMost(PATIENCE)
                .until(() -> browser.evaluate("document.body.className").equals("lost"));
    }

    @Test
    void isUsedByKeyboard() throws Exception {
        Browser browser = open();
        browser.press("/", "/");
        assertThat(browser.evaluate("document.activeElement.id")).isEqualTo("find");
        for (String letter : "totals".split("")) {
            browser.press(letter, letter);
        }
        String shown = "Array.from(document.querySelectorAll('.views tbody tr:not([hidden]) th'), e => e.innerText)";
        assertThat(browser.evaluate(shown)).isEqualTo("public.role_totals");
        browser.press("Escape", "");
        assertThat(browser.evaluate("document.querySelectorAll('.views tbody tr[hidden]').length"))
                .isEqualTo("0");
        browser.evaluate("document.querySelector('main').focus()");
        for (int i = 0;
                i < 20 && !browser.evaluate("document.activeElement.className").startsWith("node");
                i++) {
            browser.press("Tab", "");
        }
        String chosen = browser.evaluate("document.activeElement.textContent");
        browser.press("Enter", "");
        assertThat(browser.evaluate("location.hash")).startsWith("#v");
        assertThat(browser.evaluate("document.querySelector(location.hash + ' th').textContent"))
                .isEqualTo(chosen);
    }

    @Test
    void noNameBreaksOut() throws Exception {
        Browser browser = open();
        assertThat(browser.evaluate("Array.from(document.querySelectorAll('.views th[scope=row]'), e => e.textContent)"
                        + ".includes(" + quoted(HOSTILE.toString()) + ")"))
                .isEqualTo("true");
        assertThat(browser.evaluate("document.scripts.length")).isEqualTo("1");
        assertThat(browser.evaluate("document.querySelectorAll('img, b, iframe').length"))
                .isEqualTo("0");
        await("an event has come")
                .atMost(PATIENCE)
                .until(() -> browser.evaluate("document.getElementById('live').textContent")
                        .equals("live"));
        assertThat(browser.evaluate("document.scripts.length"))
                .as("nor by an event")
                .isEqualTo("1");
        assertThat(browser.evaluate("document.querySelectorAll('main script, img, b, iframe').length"))
                .isEqualTo("0");
    }

    @Test
    void isWholeWithoutScripts() throws Exception {
        Browser browser = browser();
        browser.withoutScripts(true);
        browser.open(address());
        browser.appear(1200, 1000, "light");
        browser.screenshot(PICTURES.resolve("no-scripts.png"));
        assertThat(browser.evaluate("document.querySelector('.views').innerText"))
                .contains("public.role_totals");
        assertThat(browser.evaluate("document.getElementById('search').hidden")).isEqualTo("true");
    }

    @Test
    void bearsAThousandViews() throws Exception {
        List<ViewId> many = IntStream.range(0, 1000)
                .mapToObj(i -> new ViewId("public", "materializeduserrole_" + i))
                .toList();
        status = new DaemonStatus(
                Samples.streaming(),
                many.stream().map(Samples::fresh).toList(),
                List.of(new TableStatus(Samples.TABLE, Optional.empty(), many)));
        Browser browser = open();
        assertThat(browser.evaluate("document.querySelectorAll('.views tbody tr').length"))
                .isEqualTo("1000");
        assertThat(browser.evaluate("document.querySelector('.graph details').open"))
                .isEqualTo("false");
        System.out.println("1,000 views: "
                + browser.evaluate("(() => { const n = performance.getEntriesByType('navigation')[0];"
                        + " const p = performance.getEntriesByName('first-contentful-paint')[0];"
                        + " return n.decodedBodySize + ' bytes, first contentful paint after ' + Math.round(p ? p.startTime : -1)"
                        + " + ' ms, loaded after ' + Math.round(n.loadEventEnd) + ' ms' })()"));
        long before = System.nanoTime();
        int size = java.net.http.HttpClient.newHttpClient()
                .send(
                        java.net.http.HttpRequest.newBuilder(java.net.URI.create(address() + "metrics"))
                                .build(),
                        java.net.http.HttpResponse.BodyHandlers.ofByteArray())
                .body()
                .length;
        System.out.println("1,000 views: a first scrape of " + size + " bytes in "
                + (System.nanoTime() - before) / 1_000_000 + " ms");
    }

    private Browser browser() {
        assertThat(started).isNotNull();
        return started;
    }

    private Browser open() throws Exception {
        browser().open(address());
        return browser();
    }

    private String address() {
        return "http://127.0.0.1:" + server.port() + "/";
    }

    private static String quoted(String text) throws Exception {
        return new com.fasterxml.jackson.databind.ObjectMapper().writeValueAsString(text);
    }

    private static DaemonStatus ordinary() {
        ViewStatus suspended = Samples.suspended(
                HOSTILE,
                new Obstacle("no unique index <img src=x onerror=alert(1)>", "CREATE UNIQUE INDEX ON \"<b>\" ('&')"));
        return new DaemonStatus(
                Samples.streaming(),
                List.of(Samples.fresh(VIEW), suspended, Samples.stale(TOTALS, ViewPhase.DIRTY, Duration.ofSeconds(2))),
                List.of(
                        new TableStatus(Samples.TABLE, Optional.empty(), List.of(VIEW, HOSTILE)),
                        new TableStatus(
                                new TableId("public", "<script>alert(3)</script>"),
                                Optional.of(new Obstacle("unlogged", "ALTER TABLE … SET LOGGED")),
                                List.of(HOSTILE))),
                Map.of(TOTALS, Set.of(VIEW)));
    }

    private HttpServer server() {
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Metrics metrics = new Metrics(registry, () -> status, () -> MOMENT, io.refreshd.model.ViewId::toString, "test");
        return new HttpServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                new Endpoints(
                        new Scrape(metrics, registry),
                        new Liveness(() -> Duration.ZERO, Duration.ofSeconds(60)),
                        new Readiness(Duration.ofSeconds(30), Duration.ofSeconds(2)),
                        () -> status,
                        () -> MOMENT,
                        history));
    }
}
