package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Clients that begin a request and do not end it are cut off, and are no hindrance to others meanwhile. */
class HttpSlowClientsIT {
    private static final List<String> BEGINNINGS = List.of(
            "GET /sta",
            "GET /status HTTP/1.1\r\nHost: local",
            "GET /status HTTP/1.1\r\nHost: localhost\r\n",
            "POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc",
            "POST /status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc");

    @Test
    void whoeverDoesNotEndARequestIsCutOff() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                RunningDaemon daemon = RunningDaemon.start(database)) {
            int port = daemon.daemon().httpPort();
            List<Socket> slow = new ArrayList<>();
            try {
                for (String beginning : BEGINNINGS) {
                    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                    slow.add(socket);
                    socket.setSoTimeout((int) TestTimeout.LIMIT.toMillis());
                    socket.getOutputStream().write(beginning.getBytes(StandardCharsets.US_ASCII));
                }
                assertThat(DaemonProcess.get(port, "/livez")).contains("alive");
                for (Socket socket : slow) {
                    assertThat(read(socket)).doesNotContain("\"views\"");
                }
                assertThat(DaemonProcess.get(port, "/livez")).contains("alive");
            } finally {
                for (Socket socket : slow) {
                    socket.close();
                }
            }
        }
    }

    /** All until the server ends the connection. */
    private static String read(Socket socket) {
        try {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (java.net.SocketTimeoutException never) {
            throw new AssertionError("the connection was not ended", never);
        } catch (IOException reset) {
            return "";
        }
    }
}
