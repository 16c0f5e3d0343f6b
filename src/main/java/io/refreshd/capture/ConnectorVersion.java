package io.refreshd.capture;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the version of a Debezium connector says about it. Pure. */
final class ConnectorVersion {
    private static final Pattern FORM = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})\\..*");

    private ConnectorVersion() {}

    /**
     * Whether the connector may lose changes when it is restarted: Debezium before 3.7 may go on behind changes that were not handed over
     * (dbz#76, dbz#1554). A version that is not understood may too.
     */
    static boolean mayLoseChanges(String version) {
        Matcher form = FORM.matcher(version);
        if (!form.matches()) {
            return true;
        }
        int major = Integer.parseInt(form.group(1));
        return major < 3 || (major == 3 && Integer.parseInt(form.group(2)) < 7);
    }
}
