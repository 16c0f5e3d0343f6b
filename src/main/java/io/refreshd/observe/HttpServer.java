package io.refreshd.observe;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@link Endpoints} over HTTP. Owns the socket and one virtual thread for each request, so that a client that
 * reads slowly holds up nobody. {@link #start} and {@link #close} are called by one thread.
 */
public final class HttpServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HttpServer.class);

    /** The page's own policy is wider by its style and script; a header of the response replaces the one from here. */
    private static final Map<String, String> ALWAYS = Map.of(
            "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options", "nosniff",
            "X-Frame-Options", "DENY",
            "Referrer-Policy", "no-referrer",
            "Cross-Origin-Resource-Policy", "same-origin",
            "Cache-Control", "no-store");

    private final InetSocketAddress address;
    private final Endpoints endpoints;
    private final LiveEvents events;
    private com.sun.net.httpserver.@Nullable HttpServer server;
    private @Nullable ExecutorService executor;

    /**
     * Does not listen yet.
     *
     * @param address where to listen; with port 0 the system chooses one, see {@link #port}
     */
    public HttpServer(InetSocketAddress address, Endpoints endpoints) {
        this.address = address;
        this.endpoints = endpoints;
        this.events = new LiveEvents(endpoints::livePart);
    }

    /**
     * Binds the address and begins to answer.
     *
     * @throws CannotListen if the address cannot be had
     */
    public void start() {
        if (server != null) {
            throw new IllegalStateException("the HTTP server has been started before");
        }
        limitSlowClients();
        var bound = bind();
        var threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("http-", 0).factory());
        bound.setExecutor(threads);
        bound.createContext("/", this::serve);
        bound.start();
        server = bound;
        executor = threads;
    }

    /** The port that is listened on; it differs from the configured one if that is 0. */
    public int port() {
        if (server == null) {
            throw new IllegalStateException("the HTTP server has not been started");
        }
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        if (server != null) {
            server.stop(0);
        }
        if (executor != null) {
            executor.shutdownNow();
        }
    }

    private com.sun.net.httpserver.HttpServer bind() {
        if (address.isUnresolved()) {
            throw new CannotListen("cannot listen for HTTP on " + shown()
                    + ": the host name is not known here. Give http.listen an address of this machine.");
        }
        try {
            return com.sun.net.httpserver.HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new CannotListen(
                    "cannot listen for HTTP on " + shown() + ": " + e.getMessage()
                            + ". Give http.listen another address, or end the program that holds this one.",
                    e);
        }
    }

    private String shown() {
        return address.getHostString() + ":" + address.getPort();
    }

    /** Without a limit the JDK's server waits for ever for the rest of a request. Seconds; read once by the JDK. */
    private static void limitSlowClients() {
        System.getProperties().putIfAbsent("sun.net.httpserver.maxReqTime", "30");
        System.getProperties().putIfAbsent("sun.net.httpserver.maxRspTime", "60");
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            var headers = exchange.getResponseHeaders();
            ALWAYS.forEach(headers::set);
            if (exchange.getRequestMethod().equals("GET")
                    && exchange.getRequestURI().getPath().equals("/events")) {
                events.stream(exchange);
                return;
            }
            Response response = answer(exchange);
            headers.set("Content-Type", response.contentType());
            response.headers().forEach(headers::set);
            byte[] body = response.body().getBytes(StandardCharsets.UTF_8);
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(response.status(), head ? -1 : body.length);
            if (!head) {
                exchange.getResponseBody().write(body);
            }
        }
    }

    /** This is the top of its thread: whatever went wrong ends here, in the log and not in the answer. */
    private Response answer(HttpExchange exchange) {
        String path = exchange.getRequestURI().getPath();
        try {
            String accept = exchange.getRequestHeaders().getFirst("Accept");
            return endpoints.answer(
                    exchange.getRequestMethod(), path == null ? "" : path, accept == null ? "" : accept);
        } catch (RuntimeException e) {
            log.atError().setCause(e).addKeyValue("path", path).log("Request could not be answered");
            return Response.json(500, StatusJson.error("internal error; the log of refreshd says more"));
        }
    }
}
