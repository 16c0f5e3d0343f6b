package io.refreshd.config;

import java.util.Objects;

/**
 * Where metrics, health and status are served.
 *
 * @param host name or address; an IPv6 address without its brackets
 * @param port 0 lets the system choose a free one
 */
public record HttpSettings(String host, int port) {
    public HttpSettings {
        Objects.requireNonNull(host);
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("no such port: " + port);
        }
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
