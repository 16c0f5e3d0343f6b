package io.refreshd.config;

import java.util.List;

/**
 * The address on which metrics, health and status are served.
 *
 * @param host host name or IP address; an IPv6 address without its brackets
 * @param port 0 lets the operating system choose a free port
 * @param allowedHosts names beside addresses, {@code localhost} and {@code host} by which it may be called, in lower case;
 *     {@code *} means any
 */
public record HttpSettings(String host, int port, List<String> allowedHosts) {
    public HttpSettings {
        allowedHosts = List.copyOf(allowedHosts);
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("no such port: " + port);
        }
    }

    public HttpSettings(String host, int port) {
        this(host, port, List.of());
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
