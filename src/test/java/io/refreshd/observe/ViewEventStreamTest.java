package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.ViewChange;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.testing.EventLines;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ViewEventStreamTest {
    private static final ViewId VIEW = new ViewId("public", "v");
    private static final ViewId OTHER = new ViewId("public", "other");
    private static final String RESET = "reset {\"reason\" : ";

    private final ViewEvents events = new ViewEvents();
    private HttpServer server;

    @BeforeEach
    void start() {
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        var status = Samples.status(Samples.fresh(VIEW), Samples.fresh(OTHER));
        server = new HttpServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                List.of(),
                new Pages(
                        new Endpoints(
                                new Scrape(
                                        new Metrics(registry, () -> status, () -> Samples.MOMENT, ViewId::toString),
                                        registry),
                                new Liveness(() -> Duration.ZERO, Duration.ofSeconds(60)),
                                new Readiness(Duration.ofSeconds(30), Duration.ofSeconds(2)),
                                () -> status,
                                () -> Samples.MOMENT,
                                new RefreshHistory(() -> Samples.MOMENT)),
                        new ViewEventStream(events, () -> List.of(VIEW, OTHER), view -> true, System::nanoTime),
                        error -> {
                            throw new AssertionError(error);
                        }));
        server.start();
    }

    @AfterEach
    void close() {
        server.close();
    }

    private void changed(ViewId view, int number) {
        events.accept(new Notice.ViewChanged(new ViewChange(view, "{\"n\" : " + number + "}", true)));
    }

    private EventLines open(String query, String lastEventId) throws Exception {
        return new EventLines(server.port(), query, lastEventId);
    }

    @Test
    void aClientGetsTheEventsOfItsViewsAndGoesOnWhereItWas() throws Exception {
        changed(VIEW, 0);
        String last;
        try (EventLines client = open("?view=public.v", "");
                EventLines all = open("", "")) {
            changed(OTHER, 1);
            changed(VIEW, 2);
            assertThat(client.event()).isEqualTo("{\"n\" : 2}");
            assertThat(all.event()).isEqualTo("{\"n\" : 1}");
            assertThat(all.event()).isEqualTo("{\"n\" : 2}");
            last = client.lastId();
        }
        changed(VIEW, 3);
        try (EventLines client = open("?view=public.v&view=public.other", last)) {
            assertThat(client.event()).isEqualTo("{\"n\" : 3}");
        }
    }

    @Test
    void aClientOfWhichEventsAreNotKeptAnyMoreIsTold() throws Exception {
        changed(VIEW, 0);
        String old = events.id(events.last());
        for (int i = 1; i <= ViewEvents.KEPT; i++) {
            changed(OTHER, i);
        }
        try (EventLines client = open("?view=public.v", old)) {
            changed(VIEW, -1);
            assertThat(client.event()).as("all are kept").isEqualTo("{\"n\" : -1}");
        }
        try (EventLines client = open("?view=public.v", old)) {
            assertThat(client.event()).startsWith(RESET);
            changed(VIEW, -2);
            assertThat(client.event()).as("goes on after it").isEqualTo("{\"n\" : -2}");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"garbage", "0123456789abcdef-0", "-1", "\u00e4", "0123456789abcdef-99999999999999999999"})
    void anIdentifierThatIsNoneOfThisProcessIsAnsweredByAReset(String id) throws Exception {
        changed(VIEW, 0);
        try (EventLines client = open("?view=public.v", id)) {
            assertThat(client.event()).startsWith(RESET);
        }
        try (EventLines client = open("?view=public.v", events.id(1_000))) {
            assertThat(client.event()).as("of the future").startsWith(RESET);
        }
    }

    @Test
    void whatCannotBeServedIsSaid() throws Exception {
        for (String query : List.of("?views=public.v", "?view=public.v&x=1")) {
            try (EventLines client = open(query, "")) {
                assertThat(client.refusal()).startsWith("400 ").contains("/events/views?view=schema.name");
            }
        }
        assertThat(raw("GET /events/views?view=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .startsWith("HTTP/1.1 400 ");
        assertThat(raw("GET /events/views HTTP/1.1\r\nHost: evil.example\r\n\r\n"))
                .startsWith("HTTP/1.1 421 ");
        try (EventLines client = open("?view=public.v&view=%1b%5b2J", "")) {
            assertThat(client.refusal()).startsWith("404 ").contains("no view \\\\u001b[2J is kept fresh here");
        }
    }

    private String raw(String request) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new java.io.BufferedReader(
                            new java.io.InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                    .readLine();
        }
    }

    /** Most of them read nothing of what they are sent. */
    @Test
    void subscribersAreBoundedAndDelayNobody() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            while (slow.size() < ViewEventStream.MAX_READERS - 1) {
                Socket socket = new Socket();
                socket.setReceiveBufferSize(1);
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
                slow.add(socket);
                socket.getOutputStream()
                        .write("GET /events/views HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                assertThat(socket.getInputStream().read()).as("is served").isEqualTo('H');
            }
            try (EventLines last = open("", "")) {
                try (EventLines refused = open("", "")) {
                    assertThat(refused.refusal()).startsWith("503 ").contains("100 clients read /events/views already");
                }
                for (int i = 0; i < 500; i++) {
                    events.accept(new Notice.ViewChanged(
                            new ViewChange(VIEW, "{\"n\" : \"" + "x".repeat(4_000) + "\"}", true)));
                    assertThat(last.event()).startsWith("{\"n\" : \"x");
                }
                assertThat(raw("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                        .startsWith("HTTP/1.1 200 ");
            }
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }
}
