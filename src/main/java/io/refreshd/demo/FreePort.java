package io.refreshd.demo;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A port of the loopback interface for a process that is started with it and listens later, a server whose data are made first, say.
 * By default Linux and macOS take the port of an outgoing connection from above these; one of those, though free now, could be in
 * use by then.
 */
public final class FreePort {
    private static final int LEAST = 15_000;
    private static final int MOST = 32_767;

    private static final int TRIED = 100;

    private FreePort() {}

    public static int find() throws IOException {
        for (int tried = 1; ; tried++) {
            int port = ThreadLocalRandom.current().nextInt(LEAST, MOST + 1);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            } catch (BindException e) {
                if (tried == TRIED) {
                    throw e;
                }
            }
        }
    }
}
