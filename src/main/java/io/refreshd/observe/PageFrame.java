package io.refreshd.observe;

import io.refreshd.diagram.Style;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What surrounds the main part of each HTML page. A page is complete without scripts: the script only replaces the main part by the one
 * from the event stream. Pure, except that it reads style and script from the class path once.
 */
final class PageFrame {
    private final String style;
    private final String script = resource("page.js");

    /** Content security policy: allows only this style and this script, so that no name of a view can add another. */
    private final String policy;

    /** @param columns of the table of class {@code views} */
    PageFrame(List<String> columns) {
        this.style = ":root {\n" + Style.COLOURS + "}\n" + resource("page.css") + columnNames(columns) + Style.RULES;
        this.policy = "default-src 'none'; style-src '" + hash(style) + "'; script-src '" + hash(script)
                + "'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    /** A phone shows the name of its column in each cell. It is not in the cells, which a thousand views have eight thousand of. */
    private static String columnNames(List<String> columns) {
        return IntStream.range(1, columns.size())
                .mapToObj(column -> "  .views td:nth-child(%d)::before { content: \"%s\"; }\n"
                        .formatted(column + 1, columns.get(column)))
                .collect(Collectors.joining("", "@media (max-width: 44rem) {\n", "}\n"));
    }

    /** A page that the event stream keeps current. @param row what a row of the table is, with its article */
    Response live(String row, String main) {
        return response("""
                <noscript><meta http-equiv="refresh" content="5"></noscript>""", "refreshd", """
                <form id="search" role="search" hidden><label>Find %s <input type="search" id="find" autocomplete="off"></label></form>
                <main>
                %s</main>
                <footer><span id="live" role="status"></span> <a href="status">JSON</a> <a href="metrics">Metrics</a></footer>
                <script>%s</script>
                """.formatted(row, main, script));
    }

    /** A page that is loaded again now and then. */
    Response still(String title, String main) {
        return response("""
                <meta http-equiv="refresh" content="20">""", title, """
                <main>
                %s</main>
                """.formatted(main));
    }

    private Response response(String head, String title, String body) {
        String html = """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>%s</title>
                %s
                <style>%s</style>
                </head>
                <body>
                %s</body>
                </html>
                """.formatted(title, head, style, body);
        return new Response(200, "text/html; charset=utf-8", Map.of("Content-Security-Policy", policy), html);
    }

    private static String resource(String name) {
        try (InputStream in = PageFrame.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("missing from the program: " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot be read from the program: " + name, e);
        }
    }

    private static String hash(String content) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
            return "sha256-" + Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
