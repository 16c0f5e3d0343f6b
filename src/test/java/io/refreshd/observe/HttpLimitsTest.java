package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Slow clients and many connections, by real sockets. Meanwhile everybody else is answered. */
class HttpLimitsTest {
    /** More than the buffers of both sockets hold. */
    private static final String LARGE = "x".repeat(8_000_000);

    private final List<Socket> sockets = new ArrayList<>();
    private HttpServer server = start(HttpListener.Limits.DEFAULT);

    private static HttpServer start(HttpListener.Limits limits) {
        Pages pages = new Pages(new Pages.Answers() {
            @Override
            public Response answer(String path, String query, String accept) {
                return Response.json(200, path.equals("/large") ? LARGE : "small");
            }

            @Override
            public String livePart() {
                return LARGE;
            }
        });
        HttpServer server = new HttpServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                List.of(),
                path -> new HttpServer.Located(pages, path),
                limits);
        server.start();
        return server;
    }

    private void restart(HttpListener.Limits limits) {
        server.close();
        server = start(limits);
    }

    @AfterEach
    void stop() throws Exception {
        assertOthersAreAnswered();
        for (Socket socket : sockets) {
            socket.close();
        }
        server.close();
    }

    @Test
    void whoeverDoesNotEndARequestIsCutOff() throws Exception {
        restart(new HttpListener.Limits(200, 2, 60));
        List<Socket> slow = new ArrayList<>();
        for (String beginning : List.of(
                "",
                "GET /sta",
                "GET /status HTTP/1.1\r\nHost: local",
                "GET /status HTTP/1.1\r\nHost: localhost\r\n",
                "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\nGET /sta")) {
            slow.add(send(beginning));
        }
        assertOthersAreAnswered();
        for (Socket socket : slow) {
            assertThat(readToTheEnd(socket)).doesNotContain("400");
        }
    }

    @Test
    void whoeverSendsARequestByteByByteIsCutOff() throws Exception {
        restart(new HttpListener.Limits(200, 2, 60));
        Socket slow = connect();
        await("it is cut off").until(() -> {
            try {
                slow.getOutputStream().write('G');
                return false;
            } catch (IOException cutOff) {
                return true;
            }
        });
    }

    /** Whoever sends a body is told that it is not wanted, and may send the rest in vain. */
    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 1000\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\nff\r\nabc"})
    void aBodyIsNotWaitedFor(String rest) throws Exception {
        Socket slow = send("POST /status HTTP/1.1\r\nHost: localhost\r\n" + rest);
        assertThat(readToTheEnd(slow)).startsWith("HTTP/1.1 405 ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/large", "/events"})
    void whoeverReadsAByteAtATimeIsCutOff(String path) throws Exception {
        restart(new HttpListener.Limits(200, 60, 2));
        Socket slow = send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        InputStream in = slow.getInputStream();
        assertThat(in.read()).isEqualTo('H');
        assertOthersAreAnswered();
        // Slower than any network: a byte each time somebody else was answered.
        await("it is cut off").pollInterval(Duration.ofMillis(500)).until(() -> {
            assertOthersAreAnswered();
            assertThat(in.read()).isNotEqualTo(-1);
            return open() == 0;
        });
        assertThat(readToTheEnd(slow)).hasSizeLessThan(LARGE.length());
    }

    /** The places of those that are cut off are given back. */
    @Test
    void manyThatFollowThePageAndDoNotReadAreCutOff() throws Exception {
        restart(new HttpListener.Limits(200, 60, 6));
        for (int i = 0; i < 20; i++) {
            assertThat(send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getInputStream()
                            .read())
                    .isEqualTo('H');
        }
        assertThat(readLine("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")).isEqualTo("HTTP/1.1 503 ");
        await("a place is free")
                .until(() -> readLine("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        .equals("HTTP/1.1 200 "));
    }

    @Test
    void aThousandConnectionsKeepNobodyOut() throws Exception {
        for (int i = 1; i <= 1_000; i++) {
            send(i % 2 == 0 ? "" : "GET /sta");
            if (i % 100 == 0) {
                assertOthersAreAnswered();
            }
        }
        await("no more are kept").untilAsserted(() -> assertThat(open()).isLessThanOrEqualTo(200));
        assertThat(isClosed(sockets.getLast())).as("the newest").isFalse();
        assertThat(isClosed(sockets.getFirst())).as("the oldest").isTrue();
    }

    @Test
    void whoeverHasTheMostConnectionsLosesTheOldest() throws Exception {
        restart(new HttpListener.Limits(5, 60, 60));
        Socket others = connectFrom(InetAddress.getByAddress(new byte[] {127, 0, 0, 2}));
        for (int i = 0; i < 8; i++) {
            connect();
        }
        await().until(() -> isClosed(sockets.get(1)) && isClosed(sockets.get(4)));
        assertThat(isClosed(others))
                .as("the oldest of all, and the only one of its client")
                .isFalse();
        assertThat(isClosed(sockets.getLast())).isFalse();
    }

    /** An answer is not broken off for somebody else. */
    @Test
    void whoIsBeingAnsweredKeepsTheConnection() throws Exception {
        restart(new HttpListener.Limits(3, 60, 60));
        List<Socket> answered = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Socket socket = send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(socket.getInputStream().read()).isEqualTo('H');
            answered.add(socket);
        }
        Socket refused = connect();
        await("refused at once").until(() -> isClosed(refused));
        for (Socket socket : answered) {
            socket.close();
        }
        await("others are answered again").until(() -> {
            try {
                assertOthersAreAnswered();
                return true;
            } catch (IOException | AssertionError notYet) {
                return false;
            }
        });
    }

    private void assertOthersAreAnswered() throws IOException {
        assertThat(readLine("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")).isEqualTo("HTTP/1.1 200 ");
    }

    private String readLine(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout((int) TestTimeout.LIMIT.toMillis());
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            StringBuilder line = new StringBuilder();
            for (int c = socket.getInputStream().read();
                    c >= 0 && c != '\r';
                    c = socket.getInputStream().read()) {
                line.append((char) c);
            }
            return line.toString();
        }
    }

    private Socket connect() throws IOException {
        return connectFrom(InetAddress.getLoopbackAddress());
    }

    private Socket connectFrom(InetAddress client) throws IOException {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.setReceiveBufferSize(1);
        socket.bind(new InetSocketAddress(client, 0));
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        socket.setSoTimeout((int) TestTimeout.LIMIT.toMillis());
        return socket;
    }

    private Socket send(String beginning) throws IOException {
        Socket socket = connect();
        socket.getOutputStream().write(beginning.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private int open() {
        return server.connections();
    }

    private static boolean isClosed(Socket socket) throws IOException {
        socket.setSoTimeout(1);
        try {
            return socket.getInputStream().read() == -1;
        } catch (SocketTimeoutException open) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    private static String readToTheEnd(Socket socket) {
        try {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (SocketTimeoutException never) {
            throw new AssertionError("the connection was not ended", never);
        } catch (IOException reset) {
            return "";
        }
    }
}
