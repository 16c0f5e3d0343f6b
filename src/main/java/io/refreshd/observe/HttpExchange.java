package io.refreshd.observe;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A request, and the way to answer it once: by a response as a whole, or by a stream that ends with the connection.
 *
 * <p>Thread: that of the connection.
 */
final class HttpExchange {
    /** Sent with every response. A header of the response replaces its default: the page allows its own style and script too. */
    private static final Map<String, String> DEFAULT_HEADERS = Map.of(
            "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options", "nosniff",
            "X-Frame-Options", "DENY",
            "Referrer-Policy", "no-referrer",
            "Cross-Origin-Resource-Policy", "same-origin",
            "Cache-Control", "no-store");

    private final HttpRequest request;
    private final OutputStream out;
    private boolean keepsAlive;

    HttpExchange(HttpRequest request, OutputStream out) {
        this.request = request;
        this.out = out;
        this.keepsAlive = request.keepsAlive();
    }

    HttpRequest request() {
        return request;
    }

    /** Whether the connection goes on after the answer. */
    boolean keepsAlive() {
        return keepsAlive;
    }

    void send(Response response) throws IOException {
        byte[] body = response.body().getBytes(StandardCharsets.UTF_8);
        Map<String, String> headers = new LinkedHashMap<>(response.headers());
        headers.put("Content-Type", response.contentType());
        headers.put("Content-Length", String.valueOf(body.length));
        head(response.status(), headers);
        if (!request.method().equals("HEAD")) {
            out.write(body);
        }
        out.flush();
    }

    /** Begins a stream of events. Its end is that of the connection. */
    OutputStream stream(Map<String, String> more) throws IOException {
        keepsAlive = false;
        Map<String, String> headers = new LinkedHashMap<>(more);
        headers.put("Content-Type", "text/event-stream; charset=utf-8");
        head(200, headers);
        out.flush();
        return out;
    }

    private void head(int status, Map<String, String> headers) throws IOException {
        StringBuilder head = new StringBuilder("HTTP/1.1 ").append(status).append(" \r\n");
        Map<String, String> all = new LinkedHashMap<>(DEFAULT_HEADERS);
        all.putAll(headers);
        if (!keepsAlive) {
            all.put("Connection", "close");
        }
        all.forEach(
                (name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    }
}
