package io.refreshd.observe;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP server for {@link Pages}, on the JDK's own. Each request runs on a virtual thread, so that a
 * client that reads slowly delays no other.
 *
 * <p>Limits: {@link #limitClients} cuts off slow clients and bounds the connections, {@link AllowedHosts} refuses foreign names, {@link
 * ServerSentEvents} bounds its readers.
 *
 * <p>Source: other servers were measured with these limits. Jetty 12.1 (the server alone) adds 2.3 MB of JARs, 9 MB of resident memory
 * and half a second of processor time to a start of 2.4 s; Javalin, Undertow and Helidon are larger.
 *
 * <p>Thread: {@link #start}, {@link #port} and {@link #close} are called by one thread.
 */
public final class HttpServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HttpServer.class);

    /** Sent with every response. A header of the response replaces its default: the page allows its own style and script too. */
    private static final Map<String, String> DEFAULT_HEADERS = Map.of(
            "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options", "nosniff",
            "X-Frame-Options", "DENY",
            "Referrer-Policy", "no-referrer",
            "Cross-Origin-Resource-Policy", "same-origin",
            "Cache-Control", "no-store");

    /** 421 is "Misdirected Request". The name is not repeated: it was chosen by whoever sent it. */
    private static final Response FOREIGN_HOST = Response.json(
            421,
            StatusJson.error(
                    "this host name is not answered: use localhost, an address or the host in http.listen, or add the name"
                            + " to http.allowed-hosts"));

    private static final Response NOT_GET =
            Response.json(405, StatusJson.error("only GET is answered here")).with("Allow", "GET");

    private final InetSocketAddress address;
    private final AllowedHosts hosts;
    private final Function<String, Located> site;
    private final ServerSentEvents events = new ServerSentEvents();
    private final Semaphore viewReaders = new Semaphore(ViewEventStream.MAX_READERS);
    private com.sun.net.httpserver.@Nullable HttpServer server;
    private @Nullable ExecutorService executor;

    /** @param path below the pages */
    record Located(Pages pages, String path) {}

    /** Serves one set of pages at the root. */
    HttpServer(InetSocketAddress address, Collection<String> allowedHosts, Pages pages) {
        this(address, allowedHosts, path -> new Located(pages, path));
    }

    /**
     * @param address where {@link #start} will listen; with port 0 the system chooses one, see {@link #port}
     * @param allowedHosts names by which it may be called, beside addresses, {@code localhost} and the address's own
     * @param site which pages a path belongs to
     */
    HttpServer(InetSocketAddress address, Collection<String> allowedHosts, Function<String, Located> site) {
        this.address = address;
        this.hosts = AllowedHosts.of(address, allowedHosts);
        this.site = site;
    }

    /**
     * Binds the address and begins to answer.
     *
     * @throws HttpBindException if the address is taken or unknown
     */
    public void start() {
        if (server != null) {
            throw new IllegalStateException("the HTTP server has been started before");
        }
        limitClients();
        var bound = bind();
        var threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("http-", 0).factory());
        bound.setExecutor(threads);
        bound.createContext("/", this::guard);
        bound.start();
        server = bound;
        executor = threads;
    }

    /** The port that the server listens on; it differs from the configured one if that is 0. */
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
            throw new HttpBindException("cannot listen for HTTP on " + shown()
                    + ": the host name is not known here. Give http.listen an address of this machine.");
        }
        try {
            return com.sun.net.httpserver.HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new HttpBindException(
                    "cannot listen for HTTP on " + shown() + ": " + e.getMessage()
                            + ". Give http.listen another address, or end the program that holds this one.",
                    e);
        }
    }

    private String shown() {
        return address.getHostString() + ":" + address.getPort();
    }

    /**
     * Sets the limits of the JDK's server, which has none by default. The JDK reads them once; an operator's own values win.
     *
     * <p>Times are in seconds: a client that takes longer to send its request or to read its response is disconnected. Beyond the
     * limit of connections a new one is closed at once. It is far above what browsers (six connections each), scrapers and probes
     * open, and far below the usual limit of 1,024 files, which the connections to PostgreSQL need too.
     */
    private static void limitClients() {
        System.getProperties().putIfAbsent("sun.net.httpserver.maxReqTime", "30");
        System.getProperties().putIfAbsent("sun.net.httpserver.maxRspTime", "60");
        System.getProperties().putIfAbsent("jdk.httpserver.maxConnections", "200");
    }

    /** The JDK's server would end the connection without a word. */
    private void guard(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        Located located = site.apply(path == null ? "" : path);
        try {
            serve(exchange, located);
        } catch (RuntimeException | Error e) {
            located.pages().errors().accept(e);
        }
    }

    private void serve(HttpExchange exchange, Located located) throws IOException {
        try (exchange) {
            var headers = exchange.getResponseHeaders();
            DEFAULT_HEADERS.forEach(headers::set);
            boolean allowed = hosts.allow(exchange.getRequestHeaders().getOrDefault("Host", List.of()));
            boolean get = exchange.getRequestMethod().equals("GET");
            String path = get && allowed ? located.path() : "";
            if (path.equals("/events")) {
                events.stream(exchange, located.pages().answers()::livePart);
                return;
            }
            Response response;
            if (path.equals(ViewEventStream.PATH)) {
                Optional<Response> refusal = located.pages().viewEvents().stream(exchange, viewReaders);
                if (refusal.isEmpty()) {
                    return;
                }
                response = refusal.get();
            } else {
                response = !allowed ? FOREIGN_HOST : get ? answer(exchange, located) : NOT_GET;
            }
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

    /**
     * The response to one request.
     *
     * <p>Failure: an exception is logged and answered by 500 without its message, which could hold what a client must not see.
     */
    private static Response answer(HttpExchange exchange, Located located) {
        try {
            String query = exchange.getRequestURI().getRawQuery();
            String accept = exchange.getRequestHeaders().getFirst("Accept");
            return located.pages()
                    .answers()
                    .answer(located.path(), query == null ? "" : query, accept == null ? "" : accept);
        } catch (RuntimeException | StackOverflowError e) {
            located.pages().errors().accept(e);
            log.atError()
                    .setCause(e)
                    .addKeyValue("path", exchange.getRequestURI().getPath())
                    .log("Request could not be answered");
            return Response.json(500, StatusJson.error("internal error; the log of refreshd says more"));
        }
    }
}
