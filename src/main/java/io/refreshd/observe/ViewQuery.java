package io.refreshd.observe;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The query {@code view=schema.name}, once or several times. */
final class ViewQuery {
    private static final String PARAMETER = "view=";

    private ViewQuery() {}

    /**
     * The names that are asked for.
     *
     * @throws IllegalArgumentException if an escape is malformed or there is another parameter
     */
    static Set<String> names(@Nullable String query) {
        Set<String> views = new LinkedHashSet<>();
        if (query != null && !query.isEmpty()) {
            for (String part : query.split("&", -1)) {
                if (!part.startsWith(PARAMETER)) {
                    throw new IllegalArgumentException("another parameter than view");
                }
                views.add(URLDecoder.decode(part.substring(PARAMETER.length()), StandardCharsets.UTF_8));
            }
        }
        return views;
    }

    static String of(String view) {
        return PARAMETER + URLEncoder.encode(view, StandardCharsets.UTF_8);
    }
}
