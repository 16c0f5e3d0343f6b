package io.refreshd.observe;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Connections of HTTP clients, each on a virtual thread of its own, so that a client that reads slowly delays no other.
 *
 * <p>Invariant: nobody keeps others out. Beyond {@link Limits#connections} a new connection takes the place of the oldest one that waits
 * for a request, of the client that has the most; who sends a request at once is always served. A client that takes longer than its time
 * to send a request, or to read the answer, is disconnected.
 *
 * <p>Source: the JDK's server refuses all new connections when it has its most, so a client that holds them and says nothing keeps out
 * scrapers and probes. Other servers were measured: Jetty 12.1 (the server alone) adds 2.3 MB of JARs, 9 MB of resident memory and half a
 * second of processor time to a start of 2.4 s; Javalin, Undertow and Helidon are larger.
 */
final class HttpListener implements AutoCloseable {
    /** How exact the limits of time are. */
    private static final Duration TICK = Duration.ofSeconds(1);

    /** How much of a request's body is read, so that the client can read the answer before the connection ends. */
    private static final int LARGEST_REST = 64 * 1024;

    /**
     * @param connections far above what browsers (six each), scrapers and probes open, and far below the usual limit of 1,024 files, which
     *     the connections to PostgreSQL need too
     * @param request seconds to send a request, counted from the last answer
     * @param response seconds to read an answer
     */
    record Limits(int connections, int request, int response) {
        static final Limits DEFAULT = new Limits(200, 30, 60);
    }

    /** Answers a request. */
    interface Handler {
        void handle(HttpExchange exchange) throws IOException;
    }

    private final ServerSocket server;
    private final Limits limits;
    private final Handler handler;
    private final Consumer<Throwable> errors;
    /** In the order in which they were accepted. Guarded by this. */
    private final Set<Connection> connections = new LinkedHashSet<>();

    /** @param errors told of what should not happen, which ends nothing */
    HttpListener(ServerSocket server, Limits limits, Handler handler, Consumer<Throwable> errors) {
        this.server = server;
        this.limits = limits;
        this.handler = handler;
        this.errors = errors;
    }

    void start() {
        Thread.ofVirtual().name("http-accept").start(this::accept);
        Thread.ofVirtual().name("http-limits").start(this::watch);
    }

    int port() {
        return server.getLocalPort();
    }

    synchronized int connections() {
        return connections.size();
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            errors.accept(e);
        }
        synchronized (this) {
            List.copyOf(connections).forEach(this::end);
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Connection connection = new Connection(server.accept());
                if (admit(connection)) {
                    Thread.ofVirtual().name("http").start(connection);
                } else {
                    end(connection);
                }
            } catch (IOException | RuntimeException | Error e) {
                if (!server.isClosed()) {
                    errors.accept(e);
                    pause();
                }
            }
        }
    }

    /** Too many open files, for example, pass. */
    private static void pause() {
        try {
            Thread.sleep(TICK);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean admit(Connection connection) {
        if (connections.size() >= limits.connections()) {
            Optional<Connection> replaced = longestWaiting();
            if (replaced.isEmpty()) {
                return false;
            }
            end(replaced.get());
        }
        return connections.add(connection);
    }

    private Optional<Connection> longestWaiting() {
        Map<InetAddress, Long> counts =
                connections.stream().collect(Collectors.groupingBy(each -> each.client, Collectors.counting()));
        // Of equals the first one, which is the oldest.
        return connections.stream()
                .filter(each -> !each.answering)
                .min(Comparator.comparing(each -> -counts.getOrDefault(each.client, 0L)));
    }

    private synchronized void end(Connection connection) {
        connections.remove(connection);
        try {
            connection.socket.close();
        } catch (IOException e) {
            // It is of no use any more, one way or the other.
        }
    }

    private void watch() {
        while (!server.isClosed()) {
            pause();
            synchronized (this) {
                connections.stream()
                        .filter(each -> --each.secondsLeft < 0)
                        .toList()
                        .forEach(this::end);
            }
        }
    }

    /** Thread: its own; {@link #secondsLeft} and {@link #answering} are guarded by the listener. */
    private final class Connection implements Runnable {
        private final Socket socket;
        private final InetAddress client;
        private long secondsLeft = limits.request();
        private boolean answering;

        Connection(Socket socket) {
            this.socket = socket;
            this.client = socket.getInetAddress();
        }

        @Override
        public void run() {
            try {
                socket.setTcpNoDelay(true);
                serve(new BufferedInputStream(socket.getInputStream()));
            } catch (IOException disconnected) {
                // By the client, or by a limit.
            } catch (RuntimeException | Error e) {
                errors.accept(e);
            } finally {
                end(this);
            }
        }

        private void serve(InputStream in) throws IOException {
            BufferedOutputStream out = new BufferedOutputStream(socket.getOutputStream());
            boolean goesOn = true;
            while (goesOn) {
                Optional<HttpRequest> request;
                try {
                    request = HttpRequest.read(in);
                } catch (HttpRequest.RefusedException e) {
                    new HttpExchange(HttpRequest.NONE, out)
                            .send(Response.json(e.status(), StatusJson.error(String.valueOf(e.getMessage()))));
                    break;
                }
                if (request.isEmpty()) {
                    return;
                }
                HttpExchange exchange = new HttpExchange(request.get(), out);
                turn(true, limits.response());
                handler.handle(exchange);
                out.flush();
                turn(false, limits.request());
                goesOn = exchange.keepsAlive();
            }
            socket.shutdownOutput();
            socket.setSoTimeout((int) TICK.toMillis());
            in.readNBytes(LARGEST_REST);
        }

        private void turn(boolean answers, int seconds) {
            synchronized (HttpListener.this) {
                answering = answers;
                secondsLeft = seconds;
            }
        }
    }
}
