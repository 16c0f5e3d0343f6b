package io.refreshd.observe;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import io.refreshd.model.Confidential;
import io.refreshd.model.PlainText;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.slf4j.event.KeyValuePair;

/**
 * Logback encoder that writes each event as one line for people: time, level, logger, message, then key-values. A stack trace follows
 * on lines of its own, which are indented or begin with the exception's class.
 *
 * <p>Invariant: no message and no value can begin a line, end the quotes around it, or command a terminal. Logback's patterns write
 * both as they are.
 *
 * <p>Source: {@code logback.xml} names this class.
 *
 * <p>Thread: any.
 */
public final class TextLinesEncoder extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = {};
    private static final int LOGGER_WIDTH = 22;
    private static final int LONGEST = 8_000;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX").withZone(ZoneId.systemDefault());

    @Override
    public byte[] encode(ILoggingEvent event) {
        boolean values = LogValues.areShown(getContext());
        StringBuilder line = new StringBuilder(200)
                .append(TIME.format(event.getInstant()))
                .append(String.format(
                        " %-5s %-" + LOGGER_WIDTH + "s ", event.getLevel(), shortName(event.getLoggerName())))
                .append(PlainText.line(String.valueOf(event.getFormattedMessage()), LONGEST))
                .append(' ');
        String database = LogDatabase.get();
        if (database != null) {
            append(line, new KeyValuePair("database", database), values);
        }
        if (event.getKeyValuePairs() != null) {
            event.getKeyValuePairs().forEach(pair -> append(line, pair, values));
        }
        line.append(System.lineSeparator());
        if (event.getThrowableProxy() != null) {
            line.append(LoggedThrowable.trace(event.getThrowableProxy(), values));
        }
        return line.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void append(StringBuilder line, KeyValuePair pair, boolean values) {
        String text = switch (pair.value) {
            case Confidential said -> values ? said.text() : "";
            case null -> "null";
            default -> String.valueOf(pair.value);
        };
        if (!(pair.value instanceof Confidential) || !text.isEmpty()) {
            line.append(line.charAt(line.length() - 1) == ' ' ? "" : " ")
                    .append(pair.key)
                    .append("=\"")
                    .append(PlainText.line(text, LONGEST).replace("\"", "\\\""))
                    .append('"');
        }
    }

    private static String shortName(String logger) {
        String name = PlainText.line(logger.substring(logger.lastIndexOf('.') + 1));
        return name.length() <= LOGGER_WIDTH ? name : name.substring(name.length() - LOGGER_WIDTH);
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }
}
