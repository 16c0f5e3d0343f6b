package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.refreshd.model.Moment;
import io.refreshd.report.DaemonStatus;
import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that no browser, scraper or probe sends. After each of them the server answers everybody else. */
class HttpHostileClientsTest {
    private static final String LIVEZ = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private HttpServer server;

    @BeforeEach
    void start() {
        Supplier<DaemonStatus> status = () -> Samples.status(Samples.fresh(Samples.VIEW));
        Supplier<Moment> clock = () -> Samples.MOMENT;
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        server = new HttpServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                List.of("refreshd"),
                new Pages(new Endpoints(
                        new Scrape(new Metrics(registry, status, clock, io.refreshd.model.ViewId::toString), registry),
                        new Liveness(() -> Duration.ZERO, Duration.ofSeconds(60)),
                        new Readiness(Duration.ofSeconds(30), Duration.ofSeconds(2)),
                        status,
                        clock,
                        new RefreshHistory(clock))));
        server.start();
    }

    @AfterEach
    void othersAreAnsweredStill() throws Exception {
        assertThat(send(LIVEZ)).startsWith("HTTP/1.1 200 ");
        server.close();
    }

    @Test
    void aHeaderOfMegabytesIsRefused() throws Exception {
        assertThat(send("GET /status HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(4_000_000) + "\r\n\r\n"))
                .doesNotContain("role_a");
    }

    @Test
    void thousandsOfHeadersAreRefused() throws Exception {
        StringBuilder request = new StringBuilder("GET /status HTTP/1.1\r\nHost: localhost\r\n");
        for (int i = 0; i < 20_000; i++) {
            request.append("X-").append(i).append(": 1\r\n");
        }
        assertThat(send(request.append("\r\n").toString())).doesNotContain("role_a");
    }

    @Test
    void aQueryOfMegabytesIsRefused() throws Exception {
        assertThat(send("GET /status?" + "x".repeat(4_000_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .doesNotContain("role_a");
    }

    @Test
    void aLongQueryThatFitsIsIgnored() throws Exception {
        assertThat(send(LIVEZ.replace("/livez", "/livez?" + "x".repeat(10_000))))
                .startsWith("HTTP/1.1 200 ");
    }

    @Test
    void pipelinedRequestsAreAnsweredOneAfterTheOther() throws Exception {
        String answer = send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3) + LIVEZ);
        assertThat(answer.split("HTTP/1.1 200 ", -1)).hasSize(1 + 4);
    }

    @Test
    void eachPipelinedRequestHasItsHostChecked() throws Exception {
        String answer = send(LIVEZ.replace("Connection: close\r\n", "")
                + LIVEZ.replace("localhost", "rebound.example").replace("/livez", "/status"));
        assertThat(answer).startsWith("HTTP/1.1 200 ").contains("HTTP/1.1 421 ").doesNotContain("role_a");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host: localhost\r\nHost: rebound.example",
                "Host: rebound.example\r\nHost: localhost",
                "Host: localhost, rebound.example",
                "Host:",
                "HOST: rebound.example:9464",
                "host: REBOUND.EXAMPLE",
                "Host: rebound.example\r\nX-Forwarded-Host: localhost",
                "Host: [rebound.example]"
            })
    void noOtherSpellingOfAForeignHostIsAnswered(String headers) throws Exception {
        assertThat(send("GET /status HTTP/1.1\r\n" + headers + "\r\nConnection: close\r\n\r\n"))
                .doesNotContain("role_a", "HTTP/1.1 200 ");
    }

    /** RFC 9112, 3.2. */
    @ParameterizedTest
    @ValueSource(
            strings = {"", "Host: localhost\r\nHost: localhost\r\n", "Host: localhost\r\nHost: rebound.example\r\n"})
    void notExactlyOneHostIsABadRequest(String headers) throws Exception {
        for (String path : List.of("/status", "/events", "/events/views")) {
            assertThat(send("GET " + path + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 400 ")
                    .contains("exactly one Host");
        }
        assertThat(send("GET /livez HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void anAddressInTheRequestLineDoesNotReplaceTheHost() throws Exception {
        assertThat(send("GET http://localhost/status HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 421 ");
    }

    @Test
    void aNameOfAllowedHostsIsAnswered() throws Exception {
        assertThat(send(LIVEZ.replace("localhost", "refreshd:9464"))).startsWith("HTTP/1.1 200 ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\r\n\r\n\r\n\r\n",
                "GET\r\n\r\n",
                "GET  HTTP/1.1\r\n\r\n",
                "\u0000\u0001\u0002\r\n\r\n",
                "GET /livez HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "GET %zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "CONNECT localhost:5432 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
                "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "POST /status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
                "GET /status HTTP/1.1\r\nHost: localhost\r\nbroken\r\nConnection: close\r\n\r\n"
            })
    void whatIsNoProperRequestEndsNothing(String request) throws Exception {
        assertThat(send(request)).doesNotContain("role_a", "io.refreshd", "\tat ");
    }

    @Test
    void aHundredConnectionsThatSayNothingKeepNobodyOut() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try {
            for (int i = 0; i < 100; i++) {
                idle.add(connect());
            }
            assertThat(send(LIVEZ)).startsWith("HTTP/1.1 200 ");
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }

    /** What came before the server closed the connection, if it did so in the middle of the request. */
    private String send(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.setSoTimeout((int) TestTimeout.LIMIT.toMillis());
            try {
                socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
                socket.shutdownOutput();
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (SocketException closed) {
                return "";
            }
        }
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), server.port());
    }
}
