package io.refreshd.observe;

import java.util.Map;

/** HTTP response, held in memory as a whole; the largest is a page of a thousand views, half a megabyte. */
record Response(int status, String contentType, Map<String, String> headers, String body) {
    Response {
        headers = Map.copyOf(headers);
    }

    static Response json(int status, String body) {
        return new Response(status, "application/json; charset=utf-8", Map.of(), body);
    }

    Response with(String header, String value) {
        var more = new java.util.HashMap<>(headers);
        more.put(header, value);
        return new Response(status, contentType, more, body);
    }
}
