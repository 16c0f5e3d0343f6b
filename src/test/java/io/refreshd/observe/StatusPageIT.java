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
import io.refreshd.model.Remedy;
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
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The status page in a real browser. Screenshots are left in target/screenshots. */
class StatusPageIT {
    private static final ViewId TOTALS = new ViewId("public", "role_totals");
    private static final Path PICTURES = Path.of("target", "screenshots");
    private final RefreshHistory history = new RefreshHistory(() -> MOMENT);
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
        started = Browser.page();
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
                .isEqualTo(Remedy.sql("CREATE UNIQUE INDEX ON \"<b>\" ('&')").lines());
    }

    /** Each text colour has at least the contrast that WCAG requires for text of this size, in the light and the dark scheme. */
    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void isReadInLightAndInDark(String scheme) throws Exception {
        Browser browser = open();
        browser.appear(1200, 1000, scheme);
        double background = luminance(browser.evaluate("getComputedStyle(document.body).backgroundColor"));
        assertThat(background).isBetween(scheme.equals("light") ? 0.9 : 0.0, scheme.equals("light") ? 1.0 : 0.05);
        for (String what : List.of(
                "body",
                "dt",
                ".badge",
                ".reasons",
                ".phase.fresh",
                ".phase.dirty",
                ".phase.suspended",
                ".views tbody th",
                ".late td:nth-child(3)",
                ".node",
                ".recent td",
                ".picture .key",
                ".picture .name",
                ".picture .small",
                "footer a")) {
            double text = luminance(browser.evaluate(
                    "(e => getComputedStyle(e)[e instanceof SVGElement ? 'fill' : 'color'])(document.querySelector('"
                            + what + "'))"));
            double contrast = (Math.max(text, background) + 0.05) / (Math.min(text, background) + 0.05);
            assertThat(contrast).as(scheme + ": contrast of " + what).isGreaterThanOrEqualTo(4.5);
        }
        browser.screenshot(PICTURES.resolve(scheme + ".png"));
    }

    /** Relative luminance as WCAG defines it. @param colour {@code rgb(r, g, b)} */
    private static double luminance(String colour) {
        double[] parts = Pattern.compile("\\d+")
                .matcher(colour)
                .results()
                .mapToDouble(part -> Integer.parseInt(part.group()) / 255.0)
                .map(part -> part <= 0.04045 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4))
                .toArray();
        assertThat(parts).as(colour).hasSize(3);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    }

    @ParameterizedTest
    @ValueSource(ints = {320, 390})
    void fitsAPhone(int width) throws Exception {
        Browser browser = browser();
        browser.appear(width, 844, "dark");
        browser.open(address());
        fits(browser);
        browser.screenshot(PICTURES.resolve("phone-" + width + ".png"));
        assertThat(browser.evaluate("getComputedStyle(document.querySelector('.views tbody td')).display"))
                .as("a view is a card, and not a row that has to be pushed about")
                .isEqualTo("flex");
    }

    /** Beside a picture that may be pushed about, the columns that matter. */
    @ParameterizedTest
    @ValueSource(ints = {710, 820})
    void fitsATablet(int width) throws Exception {
        Browser browser = browser();
        browser.appear(width, 1000, "light");
        browser.open(address());
        fits(browser);
        browser.screenshot(PICTURES.resolve("tablet-" + width + ".png"));
        assertThat(browser.evaluate("Array.from(document.querySelectorAll('.views thead th'))"
                        + ".filter(e => e.offsetWidth > 0).map(e => e.textContent).join()"))
                .isEqualTo("View,State,Staleness,Target lag,Lately,Last refresh,Took");
    }

    private static void fits(Browser browser) throws Exception {
        assertThat(browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
                .as("nothing is wider than the screen")
                .isEqualTo("true");
        assertThat(browser.evaluate(
                        "Array.from(document.querySelectorAll('main *')).filter(e => e.offsetWidth > 0 && !e.closest('.canvas')"
                                + " && (e.getBoundingClientRect().right > window.innerWidth + 1"
                                + " || e.getBoundingClientRect().left < -1)).map(e => e.tagName + ' ' + e.className)"))
                .as("nor cut off by it")
                .isEmpty();
    }

    /** At the width of a desk and of half of it; on a phone the list is there and the picture is not. */
    @ParameterizedTest
    @ValueSource(ints = {1600, 900, 360})
    void drawsWhatStandsOnWhat(int width) throws Exception {
        Browser browser = browser();
        browser.appear(width, 1000, "light");
        browser.open(address());
        browser.screenshot(PICTURES.resolve("picture-" + width + ".png"));
        assertThat(browser.evaluate("document.querySelectorAll('.graph li a.node').length"))
                .isEqualTo("4");
        assertThat(browser.evaluate("getComputedStyle(document.querySelector('.canvas')).display"))
                .isEqualTo(width < 700 ? "none" : "block");
        if (width < 700) {
            return;
        }
        assertThat(browser.evaluate("document.querySelectorAll('.canvas .box').length"))
                .as("two tables and three views")
                .isEqualTo("5");
        // Columns from left to right, and every label within its box.
        assertThat(
                        browser.evaluate(
                                "['.table', '.fresh', '.dirty'].map(c => Math.round(document.querySelector('.canvas .box' + c"
                                        + " + ' use').getBoundingClientRect().left)).every((x, i, all) => i === 0 || x > all[i - 1] + 200)"))
                .isEqualTo("true");
        assertThat(browser.evaluate("Array.from(document.querySelectorAll('.canvas .box text')).filter(t => {"
                        + " const box = t.parentNode.querySelector('use').getBoundingClientRect();"
                        + " const text = t.getBoundingClientRect();"
                        + " return text.right > box.right || text.left < box.left || text.bottom > box.bottom + 1; })"
                        + ".map(t => t.textContent)"))
                .isEmpty();
        browser.evaluate("document.querySelector('.canvas .box.dirty use')"
                + ".dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))");
        assertThat(browser.evaluate("document.querySelectorAll('.canvas .box.on').length + ' '"
                        + " + document.querySelectorAll('.canvas .lines .on').length"))
                .as("the totals, the view that they read, and its table")
                .isEqualTo("3 2");
        browser.evaluate("document.querySelector('.graph li a.node.suspended').focus()");
        assertThat(browser.evaluate("document.querySelectorAll('.canvas .box.on').length"))
                .as("by keyboard: the view and its two tables")
                .isEqualTo("3");
        assertThat(browser.evaluate("document.querySelector('.canvas .box.suspended').getAttribute('href') === "
                        + "document.querySelector('.graph li a.node.suspended').getAttribute('href')"))
                .isEqualTo("true");
    }

    @ParameterizedTest
    @ValueSource(ints = {1600, 900, 360})
    void theLastHourOfAViewIsAPageOfItsOwn(int width) throws Exception {
        Browser browser = browser();
        browser.appear(width, 1000, "dark");
        browser.open(address());
        String link = browser.evaluate("Array.from(document.querySelectorAll('.views th a'))"
                + ".find(a => a.textContent === 'public.role_a').href");
        browser.open(link);
        assertThat(browser.evaluate("document.querySelector('h1').textContent")).isEqualTo("public.role_a");
        assertThat(browser.evaluate("document.querySelector('.strip.done').getAttribute('aria-label')"))
                .isEqualTo("Refreshes per minute: at most 20");
        assertThat(browser.evaluate("Math.round(document.querySelector('.strip.done rect:not(.unknown)')"
                        + ".getBoundingClientRect().height) > 40"))
                .as("a bar is drawn")
                .isEqualTo("true");
        fits(browser);
        browser.screenshot(PICTURES.resolve("hour-" + width + ".png"));
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
                .until(() -> browser.evaluate("document.querySelector('.views').innerText")
                        .contains("backing-off"));
        assertThat(browser.evaluate("document.querySelector('main').dataset.old"))
                .isEqualTo("undefined");
        assertThat(browser.evaluate("document.activeElement.textContent")).isEqualTo(focused);
        assertThat(browser.evaluate("document.getElementById('live').textContent"))
                .isEqualTo("live");

        server.close();
        await("it says that it is old")
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
                .mapToObj(i -> new ViewId("public", "materializeduserrole_of_a_rather_long_name_without_a_blank_" + i))
                .toList();
        status = new DaemonStatus(
                Samples.streaming(),
                many.stream().map(Samples::fresh).toList(),
                List.of(new TableStatus(Samples.TABLE, Optional.empty(), many)));
        Browser browser = browser();
        // The width is set before the page is loaded: a page of this length takes the browser long to lay out, and
        // would be laid out
        // twice.
        browser.appear(390, 844, "light");
        browser.open(address());
        assertThat(browser.evaluate("document.querySelectorAll('.views tbody tr').length"))
                .isEqualTo("1000");
        assertThat(browser.evaluate("document.querySelector('.graph details').open"))
                .isEqualTo("false");
        fits(browser);
        browser.evaluate("document.querySelector('.graph details').open = true");
        fits(browser);
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
                new Obstacle(
                        "no unique index <img src=x onerror=alert(1)>",
                        Remedy.sql("CREATE UNIQUE INDEX ON \"<b>\" ('&')")));
        return new DaemonStatus(
                Samples.streaming(),
                List.of(Samples.fresh(VIEW), suspended, Samples.stale(TOTALS, ViewPhase.DIRTY, Duration.ofSeconds(2))),
                List.of(
                        new TableStatus(Samples.TABLE, Optional.empty(), List.of(VIEW, HOSTILE)),
                        new TableStatus(
                                new TableId("public", "<script>alert(3)</script>"),
                                Optional.of(new Obstacle("unlogged", Remedy.sql("ALTER TABLE … SET LOGGED"))),
                                List.of(HOSTILE))),
                Map.of(TOTALS, Set.of(VIEW)));
    }

    private HttpServer server() {
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Metrics metrics = new Metrics(registry, () -> status, () -> MOMENT, io.refreshd.model.ViewId::toString);
        return new HttpServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                List.of(),
                new Pages(new Endpoints(
                        new Scrape(metrics, registry),
                        new Liveness(() -> Duration.ZERO, Duration.ofSeconds(60)),
                        new Readiness(Duration.ofSeconds(30), Duration.ofSeconds(2)),
                        () -> status,
                        () -> MOMENT,
                        history)));
    }
}
