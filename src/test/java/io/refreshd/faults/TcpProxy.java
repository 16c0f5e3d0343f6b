package io.refreshd.faults;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A proxy between daemon and database with the faults of a network. */
final class TcpProxy implements AutoCloseable {
    private final ServerSocket listener;
    private final int target;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final Set<Link> forgotten = ConcurrentHashMap.newKeySet();
    private volatile boolean refusing;
    private volatile boolean stalled;
    private volatile long delayMillis;
    private volatile boolean halving;
    private @Nullable Thread acceptor;

    private record Link(Socket client, Socket server) {
        void cut() {
            reset(client);
            reset(server);
        }

        /** Closes with RST, so that a peer that waits for an answer notices at once. */
        private static void reset(Socket socket) {
            try {
                socket.setSoLinger(true, 0);
                socket.close();
            } catch (IOException e) {
                // The socket is closed already.
            }
        }
    }

    TcpProxy(int target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    void start() {
        acceptor = Thread.ofPlatform().daemon().name("proxy").start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    void cutAll() {
        links.forEach(Link::cut);
        links.clear();
    }

    /** Drops all further data of the present connections without closing them, like a firewall that lost its state. */
    void forget() {
        forgotten.addAll(links);
    }

    /** The connections that were forgotten and that neither end has closed. */
    int forgotten() {
        return forgotten.size();
    }

    /** Closes new connections at once. */
    void refuse(boolean on) {
        refusing = on;
    }

    /** Stops all data without closing a connection, like a network that hangs. */
    void stall(boolean on) {
        stalled = on;
    }

    void delay(long millis) {
        delayMillis = millis;
    }

    /** Passes half of the next data of each connection and cuts it then, mostly in the middle of a message. */
    void halve(boolean on) {
        halving = on;
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                if (refusing) {
                    client.close();
                    continue;
                }
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                Link link = new Link(client, server);
                links.add(link);
                Thread.ofVirtual().start(() -> pump(link, client, server, false));
                Thread.ofVirtual().start(() -> pump(link, server, client, true));
            } catch (IOException e) {
                // The database is down. The client sees a closed connection, as with a real proxy.
            }
        }
    }

    private void pump(Link link, Socket from, Socket to, boolean fromServer) {
        byte[] buffer = new byte[16384];
        AtomicBoolean open = new AtomicBoolean(true);
        try (InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            while (open.get()) {
                int read = in.read(buffer);
                if (read < 0) {
                    break;
                }
                if (delayMillis > 0) {
                    TimeUnit.MILLISECONDS.sleep(delayMillis);
                }
                while (stalled || forgotten.contains(link)) {
                    TimeUnit.MILLISECONDS.sleep(10);
                    if (from.isClosed()) {
                        return;
                    }
                }
                if (halving && fromServer) {
                    out.write(buffer, 0, read / 2);
                    out.flush();
                    open.set(false);
                } else {
                    out.write(buffer, 0, read);
                    out.flush();
                }
            }
        } catch (IOException e) {
            // One side has closed; the other one is closed below.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            link.cut();
            links.remove(link);
            forgotten.remove(link);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cutAll();
        Thread started = acceptor;
        if (started != null) {
            started.interrupt();
        }
    }
}
