package io.refreshd.config;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.Method;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parsers for the values that have no class of their own. */
final class ValueParsers {
    /** Each refresh holds a connection and a snapshot; a larger number is a typing error. */
    private static final int MOST_CONCURRENT = 64;

    /** PostgreSQL's NAMEDATALEN without the terminating zero byte. */
    private static final int LONGEST_NAME = 63;

    private static final Pattern SLOT = Pattern.compile("[a-z0-9_]{1,63}");
    private static final Pattern NUMBER = Pattern.compile("-?\\d{1,9}");
    private static final Pattern LISTEN = Pattern.compile(
            "(?:\\[(?<six>[0-9A-Fa-f:.]+(?:%[\\w.-]+)?)\\]|(?<host>[A-Za-z0-9_.-]+)):(?<port>\\d{1,5})");

    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?");

    private ValueParsers() {}

    static String text(String text) throws InvalidValueException {
        if (text.isBlank()) {
            throw new InvalidValueException("is empty", "write a value");
        }
        return text;
    }

    static int maxConcurrent(String text) throws InvalidValueException {
        if (!NUMBER.matcher(text).matches()) {
            throw new InvalidValueException("not a whole number", "write a number from 1 to " + MOST_CONCURRENT);
        }
        int number = Integer.parseInt(text);
        if (number < 1 || number > MOST_CONCURRENT) {
            throw new InvalidValueException("out of range", "write a number from 1 to " + MOST_CONCURRENT);
        }
        return number;
    }

    static Method method(String text) throws InvalidValueException {
        return switch (text) {
            case "concurrent" -> Method.CONCURRENT;
            case "plain" -> Method.PLAIN;
            default -> throw new InvalidValueException("there is no such method", "write concurrent or plain");
        };
    }

    static FullRecompute fullRecompute(String text) throws InvalidValueException {
        return switch (text) {
            case "allow" -> FullRecompute.ALLOW;
            case "never" -> FullRecompute.NEVER;
            default -> throw new InvalidValueException("neither allow nor never", "write allow or never");
        };
    }

    static CaptureSettings.Source source(String text) throws InvalidValueException {
        return switch (text) {
            case "pgoutput" -> CaptureSettings.Source.PGOUTPUT;
            case "debezium" -> CaptureSettings.Source.DEBEZIUM;
            case "kafka" -> CaptureSettings.Source.KAFKA;
            default -> throw new InvalidValueException("there is no such source", "write pgoutput, debezium or kafka");
        };
    }

    static String slot(String text) throws InvalidValueException {
        if (!SLOT.matcher(text).matches()) {
            throw new InvalidValueException(
                    "not the name of a slot", "write 1 to 63 lower-case letters, digits and underscores");
        }
        return text;
    }

    static String publication(String text) throws InvalidValueException {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (text.isBlank() || length > LONGEST_NAME || text.indexOf('\0') >= 0) {
            throw new InvalidValueException("not the name of a publication", "write a name of 1 to 63 bytes");
        }
        return text;
    }

    /** A host name, in lower case, or {@code *}. */
    static String allowedHost(String text) throws InvalidValueException {
        if (!text.equals("*") && !HOST.matcher(text).matches()) {
            throw new InvalidValueException(
                    "not a host name",
                    "write a name without scheme and port, such as refreshd.example.com, or \"*\" for any");
        }
        return text.toLowerCase(Locale.ROOT);
    }

    static boolean flag(String text) throws InvalidValueException {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new InvalidValueException("neither true nor false", "write true or false");
        };
    }

    static HttpSettings listen(String text) throws InvalidValueException {
        Matcher matcher = LISTEN.matcher(text);
        if (!matcher.matches() || Integer.parseInt(matcher.group("port")) > 65_535) {
            throw new InvalidValueException(
                    "not an address to listen on",
                    "write host:port, such as 127.0.0.1:9464, 0.0.0.0:9464 or \"[::1]:9464\"; port 0 is any free one");
        }
        String six = matcher.group("six");
        return new HttpSettings(six == null ? matcher.group("host") : six, Integer.parseInt(matcher.group("port")));
    }
}
