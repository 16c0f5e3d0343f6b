package io.refreshd.observe;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP server for {@link Pages}.
 *
 * <p>Limits: {@link HttpListener} cuts off slow clients and bounds the connections, {@link AllowedHosts} refuses foreign names, {@link
 * ServerSentEvents} bounds its readers.
 *
 * <p>Thread: {@link #start}, {@link #port} and {@link #close} are called by one thread.
 */
public final class HttpServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HttpServer.class);

    /** Connections that the system keeps while they are accepted. */
    private static final int BACKLOG = 200;

    /** 421 is "Misdirected Request". The name is not repeated: it was chosen by whoever sent it. */
    private static final Response FOREIGN_HOST = Response.json(
            421,
            StatusJson.error(
                    "this host name is not answered: use localhost, an address or the host in http.listen, or add the name"
                            + " to http.allowed-hosts"));

    private static final Response NOT_ONE_HOST =
            Response.json(400, StatusJson.error("a request of HTTP/1.1 has exactly one Host header"));

    private static final Response NOT_GET =
            Response.json(405, StatusJson.error("only GET is answered here")).with("Allow", "GET");

    private final InetSocketAddress address;
    private final AllowedHosts hosts;
    private final Function<String, Located> site;
    private final ServerSentEvents events = new ServerSentEvents();
    private final Semaphore viewReaders = new Semaphore(ViewEventStream.MAX_READERS);
    private final HttpListener.Limits limits;
    private @Nullable HttpListener listener;

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
        this(address, allowedHosts, site, HttpListener.Limits.DEFAULT);
    }

    HttpServer(
            InetSocketAddress address,
            Collection<String> allowedHosts,
            Function<String, Located> site,
            HttpListener.Limits limits) {
        this.address = address;
        this.hosts = AllowedHosts.of(address, allowedHosts);
        this.site = site;
        this.limits = limits;
    }

    /**
     * Binds the address and begins to answer.
     *
     * @throws HttpBindException if the address is taken or unknown
     */
    public void start() {
        if (listener != null) {
            throw new IllegalStateException("the HTTP server has been started before");
        }
        listener = new HttpListener(
                bind(), limits, this::guard, site.apply("").pages().errors());
        listener.start();
    }

    /** The port that the server listens on; it differs from the configured one if that is 0. */
    public int port() {
        if (listener == null) {
            throw new IllegalStateException("the HTTP server has not been started");
        }
        return listener.port();
    }

    /** How many are open. */
    int connections() {
        return listener == null ? 0 : listener.connections();
    }

    @Override
    public void close() {
        if (listener != null) {
            listener.close();
        }
    }

    private ServerSocket bind() {
        if (address.isUnresolved()) {
            throw new HttpBindException("cannot listen for HTTP on " + shown()
                    + ": the host name is not known here. Give http.listen an address of this machine.");
        }
        try {
            ServerSocket socket = new ServerSocket();
            socket.bind(address, BACKLOG);
            return socket;
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

    /** Whatever goes wrong ends the connection, and nothing else. */
    private void guard(HttpExchange exchange) throws IOException {
        Located located = site.apply(exchange.request().path());
        try {
            serve(exchange, located);
        } catch (RuntimeException | Error e) {
            located.pages().errors().accept(e);
            throw new IOException(e);
        }
    }

    private void serve(HttpExchange exchange, Located located) throws IOException {
        HttpRequest request = exchange.request();
        List<String> named = request.all("Host");
        boolean oneHost = named.size() == 1 || (named.isEmpty() && request.version() == 0);
        boolean allowed = oneHost && hosts.allow(named);
        boolean get = request.method().equals("GET");
        String path = get && allowed ? located.path() : "";
        if (path.equals("/events")) {
            events.stream(exchange, located.pages().answers()::livePart);
        } else if (path.equals(ViewEventStream.PATH)) {
            located.pages().viewEvents().stream(exchange, viewReaders);
        } else if (!oneHost) {
            exchange.send(NOT_ONE_HOST);
        } else if (!allowed) {
            exchange.send(FOREIGN_HOST);
        } else {
            exchange.send(get ? answer(request, located) : NOT_GET);
        }
    }

    /**
     * The response to one request.
     *
     * <p>Failure: an exception is logged and answered by 500 without its message, which could hold what a client must not see.
     */
    private static Response answer(HttpRequest request, Located located) {
        try {
            return located.pages().answers().answer(located.path(), request.query(), request.header("Accept"));
        } catch (RuntimeException | StackOverflowError e) {
            located.pages().errors().accept(e);
            log.atError().setCause(e).addKeyValue("path", request.path()).log("Request could not be answered");
            return Response.json(500, StatusJson.error("internal error; the log of refreshd says more"));
        }
    }
}
