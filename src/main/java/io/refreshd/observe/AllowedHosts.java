package io.refreshd.observe;

import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The values of the header {@code Host} that are answered: literal addresses, {@code localhost}, the host of {@code http.listen}, and
 * {@code http.allowed-hosts}.
 *
 * <p>That stops DNS rebinding: a page of a foreign site whose name is made to resolve to refreshd's address could otherwise read the
 * status through the browser of whoever visits it. It matters on every address, since a browser reaches what its machine reaches.
 *
 * @param every whether the header is not checked at all
 * @param names in lower case, without ports
 */
record AllowedHosts(boolean every, Set<String> names) {
    private static final String ANY = "*";
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("\\[[0-9a-f:.]+(%[\\w.-]+)?]");

    AllowedHosts {
        names = Set.copyOf(names);
    }

    static AllowedHosts of(InetSocketAddress listen, Collection<String> allowed) {
        Set<String> names = new HashSet<>(allowed);
        names.add("localhost");
        names.add(listen.getHostString().toLowerCase(Locale.ROOT));
        return new AllowedHosts(allowed.contains(ANY), names);
    }

    /** @param headers all that were sent; none in HTTP/1.0, which no browser speaks */
    boolean allow(List<String> headers) {
        return every || headers.isEmpty() || (headers.size() == 1 && allow(headers.getFirst()));
    }

    private boolean allow(String header) {
        String host = header.replaceFirst(":\\d*$", "").replaceFirst("\\.$", "").toLowerCase(Locale.ROOT);
        return names.contains(host)
                || IPV4.matcher(host).matches()
                || IPV6.matcher(host).matches();
    }
}
