package io.refreshd.config;

import java.util.regex.Pattern;

/** The address of the database, and how to show a wrong one. */
final class Urls {
    private static final String PREFIX = "jdbc:postgresql:";
    private static final Pattern SECRET_PARAMETER =
            Pattern.compile("([?&;]\\s*[a-z]*(?:password|passwd|secret|token)\\s*=)[^&;]*", Pattern.CASE_INSENSITIVE);
    private static final Pattern CREDENTIALS = Pattern.compile("//.*@");

    private static final Pattern SEVERAL_HOSTS = Pattern.compile("//[^/?]*,");

    private Urls() {}

    static String parse(String text) throws UnfitValue {
        if (!text.startsWith(PREFIX) || text.length() == PREFIX.length()) {
            throw new UnfitValue(
                    "not the JDBC address of a PostgreSQL database", "write jdbc:postgresql://host:port/database");
        }
        if (!redact(text).equals(text)) {
            throw new UnfitValue("holds a secret", "write it under database.password or database.password-file");
        }
        if (SEVERAL_HOSTS.matcher(text).find()) {
            throw new UnfitValue(
                    "names several hosts, and the log is read from one",
                    "write the one address that leads to the primary, also after a failover");
        }
        return text;
    }

    /** Without the secrets that people write into addresses. */
    static String redact(String text) {
        return SECRET_PARAMETER
                .matcher(CREDENTIALS.matcher(text).replaceAll("//***@"))
                .replaceAll("$1***");
    }
}
