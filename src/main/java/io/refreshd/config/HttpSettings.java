package io.refreshd.config;

/**
 * The address on which metrics, health and status are served.
 *
 * @param host host name or IP address; an IPv6 address without its brackets
 * @param port 0 lets the operating system choose a free port
 */
public record HttpSettings(String host, int port) {
    public HttpSettings {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("no such port: " + port);
        }
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
