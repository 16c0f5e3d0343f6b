package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.refreshd.client.NoSuchRoleViewException;
import io.refreshd.client.RoleView;
import io.refreshd.client.RoleViews;
import io.refreshd.client.Subscription;
import io.refreshd.client.ViewChange;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.incremental.Conversion;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.model.Method;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.Browser;
import io.refreshd.testing.EventLines;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.OwnServer;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.ServerFolder;
import io.refreshd.testing.Slots;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLConnection;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Subscribers are told of each commit that changed their view. One server, whose queue of notifications is small, and one daemon serve all
 * cases.
 */
@NullUnmarked // Set before the first test.
class SubscribeIT {
    record Row(int id, String title) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    /** A schema's and a view's name of 63 bytes each, of characters that JSON escapes, that end lines and that are quoted. */
    private static final ViewId ODD =
            new ViewId("\n\"\\.{}\u0001'" + "\u0002".repeat(55), "w\r\n\"view\":\".,\u00e4" + "\u001f".repeat(48));

    private static LocalPostgres server;
    private static TestDatabase database;
    private static RunningDaemon daemon;
    private static String store;

    private int id;

    @BeforeAll
    static void create() throws Exception {
        server = OwnServer.start(ServerFolder.create("subscribe"), Map.of("max_notify_queue_pages", "64"));
        database = TestDatabase.create(server::url);
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, title text, unread text)",
                "CREATE MATERIALIZED VIEW told AS SELECT id, title FROM main",
                "CREATE UNIQUE INDEX ON told (id)",
                "CREATE MATERIALIZED VIEW silent AS SELECT id, title FROM main",
                "CREATE UNIQUE INDEX ON silent (id)",
                "CREATE MATERIALIZED VIEW plain AS SELECT id, title FROM main",
                "CREATE SCHEMA " + SqlNames.identifier(ODD.schema()),
                "CREATE MATERIALIZED VIEW " + SqlNames.qualified(ODD) + " AS SELECT id, title FROM main",
                "CREATE UNIQUE INDEX ON " + SqlNames.qualified(ODD) + " (id)",
                "CREATE MATERIALIZED VIEW kept AS SELECT id, title FROM main",
                "CREATE UNIQUE INDEX ON kept (id)",
                "CREATE ROLE anybody LOGIN",
                "GRANT SELECT ON told TO anybody");
        daemon = RunningDaemon.start(database, """
                views:
                  quiet-period: 0ms
                  notify: true
                  overrides: { public.silent: { notify: false }, public.plain: { method: plain } }
                """);
        daemon.awaitFresh();
        try (Handle handle = database.open()) {
            ViewId kept = new ViewId("public", "kept");
            Conversion.forward(handle, kept);
            store = SqlNames.qualified(
                    Objects.requireNonNull(IncrementalViewRows.load(handle).get(kept))
                            .store()
                            .orElseThrow());
        }
        await().until(() -> daemon.daemon().status().views().stream()
                .anyMatch(view -> view.method() == Method.INCREMENTAL && view.phase() == ViewPhase.FRESH));
    }

    @AfterAll
    static void drop() throws Exception {
        daemon.close();
        database.close();
        server.close();
    }

    /** A view's first refresh tells of it without a number of rows; each case begins after that. */
    @BeforeEach
    void settled() throws Exception {
        id = Integer.parseInt(
                database.query("SELECT coalesce(max(id), 0) FROM main").getFirst());
        insert();
        for (String view : List.of(
                "told", "silent", "plain", "kept", SqlNames.qualified(ODD).replace("'", "''"))) {
            FreshnessWait.await(view, database::query);
        }
    }

    private void insert() throws Exception {
        id++;
        database.execute("INSERT INTO main VALUES (" + id + ", 'title')");
    }

    /** A session that listens. */
    private static final class Listener implements AutoCloseable {
        private final Connection connection;
        private final List<JsonNode> heard = new ArrayList<>();

        Listener() throws Exception {
            connection = database.connect();
            execute("LISTEN refreshd");
        }

        void execute(String sql) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }

        /** All messages about a view up to now. */
        List<JsonNode> about(String view) throws Exception {
            PGNotification[] received = connection.unwrap(PGConnection.class).getNotifications(1);
            for (PGNotification each : received == null ? new PGNotification[0] : received) {
                assertThat(each.getParameter().getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(8000);
                heard.add(JSON.readTree(each.getParameter()));
            }
            return heard.stream()
                    .filter(message -> message.get("view").asText().equals(view))
                    .toList();
        }

        /** Waits for so many messages about the view. */
        List<JsonNode> await(String view, int number) {
            org.awaitility.Awaitility.await(number + " messages about " + view)
                    .until(() -> about(view).size() >= number);
            try {
                return about(view);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }

    @Test
    void eachCommitThatChangedAViewIsToldWithWhatTheLedgerClaimsAndNoOther() throws Exception {
        try (Listener listener = new Listener()) {
            insert();
            JsonNode message = listener.await("public.told", 1).getFirst();
            assertThat(message.properties())
                    .extracting(Map.Entry::getKey)
                    .containsExactly("view", "watermark", "rows", "method");
            assertThat(message.get("rows").asInt()).isEqualTo(1);
            assertThat(message.get("method").asText()).isEqualTo("concurrent");
            assertThat(database.query("SELECT count(*) FROM told WHERE id = " + id))
                    .containsExactly("1");
            assertThat(database.query("SELECT watermark >= '"
                            + message.get("watermark").asText() + "' FROM refreshd.freshness WHERE view_name = 'told'"))
                    .containsExactly("t");

            // A refresh that changes nothing.
            for (String view : List.of("told", "kept")) {
                String request = database.query("SELECT refreshd.request_refresh('" + view + "')")
                        .getFirst();
                database.query("SELECT refreshd.wait_until_refreshed('" + view + "', '" + request + "', '10 min')");
            }
            database.execute("DELETE FROM main WHERE id = " + id, "INSERT INTO main VALUES (" + ++id + ", 'two')");
            FreshnessWait.await("told", database::query);
            FreshnessWait.await("kept", database::query);
            FreshnessWait.await("plain", database::query);
            assertThat(rows(listener.await("public.told", 2))).startsWith("1").doesNotContain("0", "null");
            assertThat(rows(listener.await("public.kept", 2))).startsWith("1").doesNotContain("0", "null");
            assertThat(listener.about("public.kept"))
                    .allMatch(each -> each.get("method").asText().equals("incremental"));
            assertThat(rows(listener.await("public.plain", 1)))
                    .as("the server does not count")
                    .containsOnly("null");
            assertThat(listener.about("public.silent")).isEmpty();
            JsonNode odd = listener.await(ODD.toString(), 1).getFirst();
            assertThat(odd.get("rows").asInt()).isEqualTo(1);
        }
    }

    private static List<String> rows(List<JsonNode> messages) {
        return messages.stream()
                .map(message -> message.get("rows").asText("null"))
                .toList();
    }

    /** What is not committed is not told; rows of an incremental view that were committed before that are told later. */
    @Test
    void aRefreshThatIsRolledBackIsNotTold() throws Exception {
        database.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                        + " $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END $$",
                "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON refreshd.refresh_history DEFERRABLE INITIALLY DEFERRED"
                        + " FOR EACH ROW WHEN (NEW.outcome = 'refreshed') EXECUTE FUNCTION refuse()");
        try (Listener listener = new Listener()) {
            insert();
            for (String view : List.of("told", "kept")) {
                await().until(() -> !database.query(
                                "SELECT 1 FROM refreshd.refresh_history WHERE outcome = 'failed' AND view_name = '"
                                        + view + "'")
                        .isEmpty());
            }
            assertThat(database.query("SELECT count(*) FROM kept WHERE id = " + id))
                    .containsExactly("1");
            assertThat(listener.about("public.told")).isEmpty();
            assertThat(listener.about("public.kept")).isEmpty();

            database.execute("DROP FUNCTION refuse CASCADE");
            // Where failures have suspended the view, a request has it tried again.
            database.query("SELECT refreshd.request_refresh(view) FROM unnest('{told,kept}'::regclass[]) view");
            assertThat(rows(listener.await("public.told", 1))).containsExactly("1");
            assertThat(rows(listener.await("public.kept", 1))).containsExactly("null");
        } finally {
            database.execute("DROP FUNCTION IF EXISTS refuse CASCADE");
        }
    }

    /** A session that listens and stays in a transaction keeps all messages of the server. */
    @Test
    void aFullQueueStopsNoRefreshAndIsMadeUpForLater() throws Exception {
        try (Listener listener = new Listener();
                Listener blocking = new Listener();
                EventLines events = new EventLines(daemon, "?view=public.told")) {
            blocking.execute("BEGIN; SELECT 1");
            while (!database.query("SELECT pg_notification_queue_usage() > 0.5").contains("t")) {
                database.execute("SELECT pg_notify('other', repeat('x', 7900)) FROM generate_series(1, 1)");
            }
            insert();
            FreshnessWait.await("told", database::query);
            assertThat(events.event()).contains("\"view\" : \"public.told\"");
            assertThat(daemon.scrape()).doesNotContain("refreshd_notifications_total{outcome=\"held-back\"} 0");
            assertThat(listener.about("public.told")).isEmpty();

            blocking.execute("COMMIT");
            await().until(() ->
                    database.query("SELECT pg_notification_queue_usage() < 0.1").contains("t"));
            FreshnessWait.await("plain", database::query);
            String request =
                    database.query("SELECT refreshd.request_refresh('plain')").getFirst();
            database.query("SELECT refreshd.wait_until_refreshed('plain', '" + request + "', '10 min')");
            assertThat(rows(listener.await("public.told", 1))).containsExactly("null");
        }
    }

    @Test
    void theHttpStreamSaysTheSameAndGoesOnWhereItWas() throws Exception {
        try (Listener listener = new Listener()) {
            String last;
            try (EventLines events = new EventLines(daemon, "?view=public.told&view=public.kept")) {
                insert();
                List<String> seen = List.of(events.event(), events.event());
                assertThat(seen)
                        .containsExactlyInAnyOrderElementsOf(List.of(
                                        listener.await("public.told", 1).getFirst(),
                                        listener.await("public.kept", 1).getFirst())
                                .stream()
                                .map(SubscribeIT::asServerWrites)
                                .toList());
                last = events.lastId();
            }
            insert();
            FreshnessWait.await("told", database::query);
            FreshnessWait.await("plain", database::query);
            try (EventLines events = new EventLines(daemon, "?view=public.told", last)) {
                assertThat(events.event())
                        .isEqualTo(
                                asServerWrites(listener.await("public.told", 2).get(1)));
            }
            try (EventLines events = new EventLines(
                    daemon, "?view=" + URLEncoder.encode(ODD.toString(), StandardCharsets.UTF_8), last)) {
                assertThat(JSON.readTree(events.event()).get("view").asText()).isEqualTo(ODD.toString());
            }
            try (EventLines events = new EventLines(daemon, "?view=public.silent")) {
                assertThat(events.refusal()).contains("404", "public.silent does not notify: set views.notify");
            }
            try (EventLines events = new EventLines(daemon, "?view=public.nothing")) {
                assertThat(events.refusal()).contains("404", "no view public.nothing is kept fresh here");
            }
        }
    }

    private static String asServerWrites(JsonNode message) {
        return "{\"view\" : %s, \"watermark\" : %s, \"rows\" : %s, \"method\" : %s}"
                .formatted(message.get("view"), message.get("watermark"), message.get("rows"), message.get("method"));
    }

    private static PGSimpleDataSource asAnybody() throws Exception {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(database.url());
        source.setUser("anybody");
        source.setApplicationName("subscriber");
        return source;
    }

    private static List<String> sessions() throws Exception {
        return database.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'subscriber'");
    }

    @Test
    void aListenerOfTheClientIsCalledUntilItsSubscriptionEndsAlsoOverALostConnection() throws Exception {
        RoleViews<Row> views = RoleViews.of(asAnybody(), "public.{role}", Row.class);
        BlockingQueue<ViewChange> changes = new LinkedBlockingQueue<>();
        BlockingQueue<ViewChange> changesOfKept = new LinkedBlockingQueue<>();
        AtomicInteger failures = new AtomicInteger();
        try (Subscription failing = views.forRole("told").onChange(change -> {
                    failures.incrementAndGet();
                    throw new IllegalStateException("a listener may fail");
                });
                Subscription told = views.forRole("told").onChange(changes::add);
                Subscription kept = views.forRole("kept").onChange(changesOfKept::add)) {
            // The session that looked up the view is closed, and its process may still be there.
            await("one connection for all").until(() -> sessions().size() == 1);
            insert();
            ViewChange first = next(changes);
            assertThat(first.rows()).hasValue(1);
            assertThat(database.query("SELECT '" + first.watermark().orElseThrow()
                            + "' <= watermark FROM refreshd.freshness WHERE view_name = 'told'"))
                    .containsExactly("t");
            next(changesOfKept);

            // Anybody may send on the channel, and none of this may end the subscription.
            for (String forged : List.of(
                    "",
                    "{",
                    "{\"view\" : \"" + "\\\\".repeat(3900),
                    "{\"view\" : \"public.kept\", \"rows\" : 1e9}",
                    "{\"view\":\"public.told\",\"watermark\":\"zz\",\"rows\":99999999999999999999}")) {
                database.execute("SELECT pg_notify('refreshd', '" + forged + "')");
            }
            assertThat(next(changes)).isEqualTo(new ViewChange(Optional.empty(), OptionalLong.empty()));

            changesOfKept.clear();
            database.query("SELECT pg_terminate_backend(" + sessions().getFirst() + ", 600000)");
            assertThat(next(changes))
                    .as("messages may have been lost")
                    .isEqualTo(new ViewChange(Optional.empty(), OptionalLong.empty()));
            next(changesOfKept);
            insert();
            assertThat(next(changes).rows()).hasValue(1);
            await("it is called again after it has failed").until(() -> failures.get() >= 2);
            told.close();
            insert();
            FreshnessWait.await("told", database::query);
            next(changesOfKept);
        }
        await("the connection is given back").until(() -> sessions().isEmpty());
        assertThat(changes).isEmpty();
        assertThatThrownBy(() -> views.forRole("nothing").onChange(change -> {}))
                .isInstanceOf(NoSuchRoleViewException.class);
    }

    private static ViewChange next(BlockingQueue<ViewChange> changes) throws InterruptedException {
        return Objects.requireNonNull(changes.poll(TestTimeout.LIMIT.toSeconds(), TimeUnit.SECONDS), "no change");
    }

    /** A pool hands on its connections; the driver of this one hides that it is pgjdbc in the second half. */
    @Test
    void aBorrowedConnectionIsGivenBackAsItWasAndAnotherDriverIsPolled() throws Exception {
        try (Connection pooled = asAnybody().getConnection()) {
            pooled.setAutoCommit(false);
            AtomicBoolean isPgjdbc = new AtomicBoolean(true);
            BlockingQueue<String> given = new LinkedBlockingQueue<>();
            RoleView<Row> view = RoleViews.of(pool(pooled, isPgjdbc, given), "public.{role}", Row.class)
                    .forRole("told");
            BlockingQueue<ViewChange> changes = new LinkedBlockingQueue<>();
            for (boolean listens : List.of(true, false)) {
                isPgjdbc.set(listens);
                view.all();
                given.clear();
                try (Subscription told = view.onChange(changes::add)) {
                    assertThat(given.poll(TestTimeout.LIMIT.toSeconds(), TimeUnit.SECONDS))
                            .as("the look-up")
                            .isNotNull();
                    if (!listens) {
                        next(changes);
                    }
                    insert();
                    assertThat(next(changes).rows().isPresent()).isEqualTo(listens);
                }
                assertThat(given.poll(TestTimeout.LIMIT.toSeconds(), TimeUnit.SECONDS))
                        .isEqualTo("given back");
                assertThat(pooled.getAutoCommit()).isFalse();
                try (Statement statement = pooled.createStatement();
                        var channels = statement.executeQuery("SELECT pg_listening_channels()")) {
                    assertThat(channels.next()).isFalse();
                }
                pooled.rollback();
            }
        }
    }

    private static DataSource pool(Connection pooled, AtomicBoolean isPgjdbc, BlockingQueue<String> given) {
        Connection handle = (Connection) Proxy.newProxyInstance(
                SubscribeIT.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        given.add("given back");
                        return null;
                    }
                    if (method.getName().equals("isWrapperFor") && arguments[0] == PGConnection.class) {
                        return isPgjdbc.get();
                    }
                    try {
                        return method.invoke(pooled, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return (DataSource) Proxy.newProxyInstance(
                SubscribeIT.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> handle);
    }

    /** As docs/subscribe.md says: the server of the application passes on the stream, and the page has an EventSource. */
    @Test
    void aPageInABrowserFollowsAView() throws Exception {
        HttpServer application = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        application.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        application.createContext("/", exchange -> answer(exchange, "text/html", "<p id=sales></p>" + script()));
        application.createContext("/sales", exchange -> answer(exchange, "text/plain", count()));
        application.createContext("/changes/sales", SubscribeIT::passOn);
        application.start();
        try (Browser browser = Browser.page()) {
            browser.open("http://127.0.0.1:" + application.getAddress().getPort() + "/");
            String shown = "document.getElementById('sales').textContent";
            await().until(() -> browser.evaluate(shown).equals(count()));
            insert();
            FreshnessWait.await("told", database::query);
            await().until(() -> browser.evaluate(shown).equals(count()));
        } finally {
            application.stop(0);
        }
    }

    /** The script of the page in docs/subscribe.md. */
    private static String script() {
        try {
            String page = Files.readString(Path.of("docs/subscribe.md"));
            return page.substring(page.indexOf("<script>"), page.indexOf("</script>")) + "</script>";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String count() {
        try {
            return database.query("SELECT count(*) FROM told").getFirst();
        } catch (SQLException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void answer(HttpExchange exchange, String type, String text) throws IOException {
        try (exchange) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    /** As nginx does: what the browser asks and what the daemon answers goes through unchanged. */
    private static void passOn(HttpExchange exchange) throws IOException {
        URI stream = URI.create("http://127.0.0.1:" + daemon.daemon().httpPort() + "/events/views?view=public.told");
        URLConnection asked = stream.toURL().openConnection();
        exchange.getRequestHeaders().forEach((header, values) -> asked.setRequestProperty(header, values.getFirst()));
        try (exchange;
                InputStream events = asked.getInputStream()) {
            exchange.getResponseHeaders().set("Content-Type", asked.getContentType());
            exchange.sendResponseHeaders(200, 0);
            byte[] buffer = new byte[4096];
            for (int read = events.read(buffer); read >= 0; read = events.read(buffer)) {
                exchange.getResponseBody().write(buffer, 0, read);
                exchange.getResponseBody().flush();
            }
        }
    }

    /** As docs/subscribe.md says: the table that holds the rows is published, and a subscriber has them row by row. */
    @Test
    void theRowsOfAnIncrementalViewReachASubscriber() throws Exception {
        try (TestDatabase subscriber = TestDatabase.create(server::url)) {
            database.execute(
                    "ALTER TABLE " + store + " REPLICA IDENTITY FULL",
                    "CREATE PUBLICATION kept_rows FOR TABLE " + store);
            List<String> columns =
                    database.query("SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', '"
                            + " ORDER BY attnum) FROM pg_attribute WHERE attrelid = '" + store
                            + "'::regclass AND attnum > 0 AND NOT attisdropped");
            database.query("SELECT pg_create_logical_replication_slot('kept_rows', 'pgoutput')");
            subscriber.execute(
                    "CREATE SCHEMA refreshd_store",
                    "CREATE TABLE " + store + " (" + columns.getFirst() + ")",
                    "CREATE SUBSCRIPTION kept_rows CONNECTION '" + connection()
                            + "' PUBLICATION kept_rows WITH (create_slot = false)");
            try {
                assertArrives(subscriber);
                database.execute(
                        "UPDATE main SET title = 'other' WHERE id = " + id, "DELETE FROM main WHERE id = " + (id - 1));
                assertArrives(subscriber);
                insert();
                assertArrives(subscriber);
            } finally {
                subscriber.execute(
                        "ALTER SUBSCRIPTION kept_rows DISABLE",
                        "ALTER SUBSCRIPTION kept_rows SET (slot_name = NONE)",
                        "DROP SUBSCRIPTION kept_rows");
                Slots.drop(database.url(), "kept_rows");
                database.execute("DROP PUBLICATION kept_rows", "ALTER TABLE " + store + " REPLICA IDENTITY DEFAULT");
            }
        }
    }

    private static String connection() throws Exception {
        String[] parts = database.url()
                .replaceFirst("^jdbc:postgresql://", "")
                .replaceFirst("\\?.*$", "")
                .split("[:/]");
        return "host=" + parts[0] + " port=" + parts[1] + " dbname=" + parts[2] + " user=postgres";
    }

    private static void assertArrives(TestDatabase subscriber) throws Exception {
        FreshnessWait.await("kept", database::query);
        List<String> rows = database.query("SELECT id || ' ' || title FROM kept ORDER BY id");
        await().until(() -> subscriber
                .query("SELECT id || ' ' || title FROM " + store + " ORDER BY id")
                .equals(rows));
    }
}
