package io.refreshd.observe;

import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The values of the header {@code Host} that are answered.
 *
 * <p>A server on the loopback interface answers literal addresses, {@code localhost} and the host of {@code http.listen}. That stops DNS
 * rebinding: a page of a foreign site whose name is made to resolve to 127.0.0.1 could otherwise read the status through the browser of
 * whoever visits it. A server on any other address answers every name, since Prometheus, probes and ingresses call it by names
 * that refreshd does not know.
 *
 * @param every whether the header is not checked at all
 * @param names in lower case, without ports
 */
record AllowedHosts(boolean every, Set<String> names) {
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    AllowedHosts {
        names = Set.copyOf(names);
    }

    static AllowedHosts whenListeningOn(InetSocketAddress address) {
        boolean loopback = address.getAddress() != null && address.getAddress().isLoopbackAddress();
        Set<String> names = new HashSet<>();
        names.add("localhost");
        names.add(address.getHostString().toLowerCase(Locale.ROOT));
        return new AllowedHosts(!loopback, names);
    }

    /** @param header the header as it was sent; null if there is none, as in HTTP/1.0, which no browser speaks */
    boolean allow(@Nullable String header) {
        if (every || header == null) {
            return true;
        }
        // "[::1]:9464": whatever is in brackets is an address.
        if (header.startsWith("[")) {
            return true;
        }
        String host = header.replaceFirst(":\\d*$", "").toLowerCase(Locale.ROOT);
        return names.contains(host) || IPV4.matcher(host).matches();
    }
}
