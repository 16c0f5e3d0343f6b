package io.refreshd.observe;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The head of a request of HTTP/1.0 or 1.1, as RFC 9112 has it. Nothing that is served takes a body: one is not read.
 *
 * @param version the minor one, of major version 1
 * @param path without escapes; empty if the target has none
 * @param query with its escapes; empty if there is none
 * @param headers their values by their names in lower case
 */
record HttpRequest(String method, int version, String path, String query, Map<String, List<String>> headers) {
    /** In bytes, and more than browsers and proxies send. */
    static final int LONGEST_HEAD = 16 * 1024;

    private static final int MOST_HEADERS = 100;
    private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Pattern REQUEST_LINE = Pattern.compile("([A-Za-z]{1,20}) ([!-~]+) HTTP/(\\d)\\.(\\d)");

    /** Stands for what could not be read. */
    static final HttpRequest NONE = new HttpRequest("", 0, "", "", Map.of());

    /** What was sent is no request that can be answered. The message repeats nothing of it. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1;

        private final int status;

        RefusedException(int status, String message) {
            super(message);
            this.status = status;
        }

        int status() {
            return status;
        }
    }

    /** Reads the next head. Empty if the client ends the connection before. */
    static Optional<HttpRequest> read(InputStream in) throws IOException {
        Lines lines = new Lines(in);
        String first = lines.next();
        while (first != null && first.isEmpty()) {
            first = lines.next();
        }
        if (first == null) {
            return Optional.empty();
        }
        var line = REQUEST_LINE.matcher(first);
        if (!line.matches()) {
            throw new RefusedException(400, "this is no request of HTTP/1.1");
        }
        if (!line.group(3).equals("1")) {
            throw new RefusedException(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
        }
        Map<String, List<String>> headers = new HashMap<>();
        for (int count = 0; ; count++) {
            String header = lines.next();
            if (header == null) {
                return Optional.empty();
            }
            if (header.isEmpty()) {
                break;
            }
            if (count == MOST_HEADERS) {
                throw new RefusedException(431, "a request has at most " + MOST_HEADERS + " headers here");
            }
            int colon = header.indexOf(':');
            if (colon < 0 || !TOKEN.matcher(header.substring(0, colon)).matches()) {
                throw new RefusedException(400, "a header of the request is malformed");
            }
            headers.computeIfAbsent(header.substring(0, colon).toLowerCase(Locale.ROOT), name -> new ArrayList<>())
                    .add(header.substring(colon + 1).strip());
        }
        return Optional.of(of(line.group(1), Integer.parseInt(line.group(4)), line.group(2), headers));
    }

    private static HttpRequest of(String method, int version, String target, Map<String, List<String>> headers)
            throws RefusedException {
        // "*" and the authority that CONNECT names have no path.
        boolean hasPath = target.startsWith("/") || target.contains("://");
        try {
            URI uri = new URI(target.startsWith("/") ? "http://localhost" + target : hasPath ? target : "");
            return new HttpRequest(
                    method,
                    version,
                    Optional.ofNullable(uri.getPath()).orElse(""),
                    Optional.ofNullable(uri.getRawQuery()).orElse(""),
                    headers);
        } catch (URISyntaxException malformed) {
            throw new RefusedException(
                    400, "the path or the query is malformed: write other characters with %-escapes");
        }
    }

    List<String> all(String header) {
        return headers.getOrDefault(header.toLowerCase(Locale.ROOT), List.of());
    }

    /** The first value of a header; empty if it was not sent. */
    String header(String name) {
        return all(name).isEmpty() ? "" : all(name).getFirst();
    }

    /** Whether a body follows, or something that may be one. */
    boolean hasBody() {
        return headers.containsKey("transfer-encoding")
                || all("content-length").stream().anyMatch(length -> !length.equals("0"));
    }

    /** Whether the client may send another request on the same connection. */
    boolean keepsAlive() {
        return version > 0
                && !hasBody()
                && !header("connection").toLowerCase(Locale.ROOT).contains("close");
    }

    /** Lines of the head, which is bounded as a whole. */
    private static final class Lines {
        private final InputStream in;
        private int left = LONGEST_HEAD;

        Lines(InputStream in) {
            this.in = in;
        }

        @Nullable String next() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    return null;
                }
                if (--left < 0) {
                    throw new RefusedException(
                            431, "the head of a request has at most " + LONGEST_HEAD + " bytes here");
                }
                if (c < ' ' && c != '\t' && c != '\r') {
                    throw new RefusedException(400, "the head of the request holds control characters");
                }
                line.append((char) c);
            }
            int length = line.length();
            return length > 0 && line.charAt(length - 1) == '\r' ? line.substring(0, length - 1) : line.toString();
        }
    }
}
