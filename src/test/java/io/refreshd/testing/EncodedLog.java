package io.refreshd.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import io.refreshd.observe.JsonLinesEncoder;
import io.refreshd.observe.TextLinesEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.LoggerFactory;

/**
 * Everything that refreshd logs at every level, and libraries at their usual level, as the deployed encoders write it: each event as
 * text and as JSON.
 */
public final class EncodedLog implements AutoCloseable {
    private final Logger logger = (Logger) LoggerFactory.getLogger("io.refreshd");
    private final Logger root = logger.getLoggerContext().getLogger(Logger.ROOT_LOGGER_NAME);
    private final Level before = logger.getLevel();
    private final Recorder recorder = new Recorder(logger.getLoggerContext());

    /** @param trace whether it has a stack trace, which takes further lines in the text */
    public record Event(String text, String json, boolean trace) {}

    private static final class Recorder extends AppenderBase<ILoggingEvent> {
        private final Encoder<ILoggingEvent> text = new TextLinesEncoder();
        private final Encoder<ILoggingEvent> json = new JsonLinesEncoder();
        private final Collection<Event> events = new ConcurrentLinkedQueue<>();

        Recorder(LoggerContext context) {
            setContext(context);
            text.setContext(context);
            json.setContext(context);
            text.start();
            json.start();
        }

        @Override
        protected void append(ILoggingEvent event) {
            events.add(new Event(encoded(text, event), encoded(json, event), event.getThrowableProxy() != null));
        }

        private static String encoded(Encoder<ILoggingEvent> encoder, ILoggingEvent event) {
            return new String(encoder.encode(event), StandardCharsets.UTF_8);
        }
    }

    public EncodedLog() {
        logger.setLevel(Level.TRACE);
        recorder.start();
        root.addAppender(recorder);
    }

    public List<Event> events() {
        return List.copyOf(recorder.events);
    }

    /** Both formats of all events. */
    public String all() {
        StringBuilder all = new StringBuilder();
        events().forEach(event -> all.append(event.text()).append(event.json()));
        return all.toString();
    }

    @Override
    public void close() {
        root.detachAppender(recorder);
        logger.setLevel(before);
    }
}
