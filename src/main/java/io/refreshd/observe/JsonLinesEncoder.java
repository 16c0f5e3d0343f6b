package io.refreshd.observe;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.refreshd.model.Confidential;
import io.refreshd.model.PlainText;
import io.refreshd.model.Remedy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.slf4j.event.KeyValuePair;

/**
 * Logback encoder that writes each event as one JSON object on one line. Key-values are fields beside the message, so that a log store
 * can filter and compute by them: numbers are JSON numbers, and a duration is a number of seconds under a name that ends in
 * {@code Seconds}. Logback's own JSON encoder puts key-values into an array, all as text.
 *
 * <p>Source: {@code logback.xml} names this class.
 *
 * <p>Thread: any.
 */
public final class JsonLinesEncoder extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = {};
    private static final int LONGEST = 8_000;
    private static final JsonFactory JSON = PlainJson.factory();

    @Override
    public byte[] encode(ILoggingEvent event) {
        boolean values = LogValues.areShown(getContext());
        ByteArrayOutputStream line = new ByteArrayOutputStream(256);
        try (JsonGenerator json = JSON.createGenerator(line)) {
            json.writeStartObject();
            json.writeStringField("timestamp", event.getInstant().toString());
            json.writeStringField("level", event.getLevel().toString());
            json.writeStringField("logger", event.getLoggerName());
            json.writeStringField("thread", event.getThreadName());
            json.writeStringField("message", PlainText.cut(String.valueOf(event.getFormattedMessage()), LONGEST));
            String database = LogDatabase.get();
            if (database != null) {
                json.writeStringField("database", database);
            }
            if (event.getKeyValuePairs() != null) {
                for (KeyValuePair pair : event.getKeyValuePairs()) {
                    write(json, pair, values);
                }
            }
            if (event.getThrowableProxy() != null) {
                json.writeStringField("exception", LoggedThrowable.trace(event.getThrowableProxy(), values));
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot be written to", e);
        }
        line.write('\n');
        return line.toByteArray();
    }

    private static void write(JsonGenerator json, KeyValuePair pair, boolean values) throws IOException {
        switch (pair.value) {
            case LoggedDuration span -> json.writeNumberField(pair.key + "Seconds", span.seconds());
            case Integer number -> json.writeNumberField(pair.key, number);
            case Long number -> json.writeNumberField(pair.key, number);
            case Confidential said -> {
                if (values && !said.isEmpty()) {
                    json.writeStringField(pair.key, said.text());
                }
            }
            case Remedy remedy -> {
                json.writeFieldName(pair.key);
                json.writeRawValue(PlainJson.line(PlainJson.remedy(remedy)));
            }
            case null -> json.writeNullField(pair.key);
            default -> json.writeStringField(pair.key, PlainText.cut(pair.value.toString(), LONGEST));
        }
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
