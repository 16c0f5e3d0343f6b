package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.model.Confidential;
import io.refreshd.model.Failure;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Log lines as the deployed logback.xml formats them. */
class LogFormatTest {
    private static final ViewId HOSTILE = new ViewId("pub\"lic", "a\\b\n{\"level\":\"ERROR\"}é😀");

    @Test
    void aJsonLineIsOneObjectThatCanBeComputedWith() throws Exception {
        String line = written("json", refreshed(HOSTILE));
        assertThat(line.lines()).as("one line").hasSize(1);
        assertThat(line).endsWith("\n");
        JsonNode json = new ObjectMapper().readTree(line);
        assertThat(Instant.parse(json.get("timestamp").asText())).isAfter(Instant.EPOCH);
        assertThat(json.get("level").asText()).isEqualTo("INFO");
        assertThat(json.get("logger").asText()).isEqualTo("io.refreshd.observe.RefreshLog");
        assertThat(json.get("message").asText()).isEqualTo("View refreshed");
        assertThat(json.get("view").asText()).isEqualTo(HOSTILE.toString());
        assertThat(json.get("method").asText()).isEqualTo("concurrent");
        assertThat(json.get("durationSeconds").isNumber()).isTrue();
        assertThat(json.get("durationSeconds").asDouble()).isEqualTo(0.84);
        assertThat(json.get("lagSeconds").asDouble()).isEqualTo(1.104);
        assertThat(json.get("rows").isNumber()).isTrue();
        assertThat(json.get("rows").asLong()).isEqualTo(12);
    }

    @Test
    void aFailureHasItsReasonAndItsCountAsANumber() throws Exception {
        JsonNode json = new ObjectMapper()
                .readTree(written(
                        "json",
                        new Notice.RefreshFailed(
                                HOSTILE,
                                Method.PLAIN,
                                new Failure(Failure.Kind.TRANSIENT, "55P03", "locked by \"x\"", Remedy.NONE),
                                3)));
        assertThat(json.get("level").asText()).isEqualTo("WARN");
        assertThat(json.get("sqlstate").asText()).isEqualTo("55P03");
        assertThat(json.get("reason").asText()).isEqualTo("locked by \"x\"");
        assertThat(json.get("failures").isInt()).isTrue();
    }

    @Test
    void anExceptionStandsInTheSameLine() throws Exception {
        LoggerContext context = configured("json");
        try {
            String line = encoded(context, "json", log -> log.error("broken", new IllegalStateException("why")));
            assertThat(line.lines()).hasSize(1);
            assertThat(new ObjectMapper().readTree(line).get("exception").asText())
                    .startsWith("java.lang.IllegalStateException: why")
                    .contains("LogFormatTest");
        } finally {
            context.stop();
        }
    }

    @Test
    void textIsForPeople() throws Exception {
        assertThat(written("text", refreshed(new ViewId("public", "role_a"))))
                .contains("INFO")
                .contains("View refreshed")
                .contains("view=\"public.role_a\"")
                .contains("duration=\"840 ms\"")
                .contains("lag=\"1.1 s\"");
    }

    @Test
    void aNameCannotForgeALineOrAValue() throws Exception {
        ViewId forger = new ViewId(
                "public",
                "a\" state=\"fresh\n2026-01-01T00:00:00.000Z ERROR Daemon all is lost\r\u0085\u2028\u001b[31m\u202e");
        assertThat(written("text", refreshed(forger)))
                .endsWith("\n")
                .contains(
                        "view=\"public.\\\"a\\\"\\\" state=\\\"\\\"fresh\\n2026-01-01T00:00:00.000Z ERROR Daemon all is lost"
                                + "\\r\\u0085\\u2028\\u001b[31m\\u202e\\\"\" method=")
                .matches("[^\\n]*\\R");
    }

    @Test
    void aLongTextIsCut() throws Exception {
        ViewId endless = new ViewId("public", "x".repeat(1_000_000));
        assertThat(written("text", refreshed(endless))).hasSizeLessThan(10_000).contains("characters more)");
        assertThat(written("json", refreshed(endless))).hasSizeLessThan(10_000).contains("characters more)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void anExceptionOfTheServerShowsItsStateAndNoValue(String format) throws Exception {
        SQLException error = new SQLException("ERROR: invalid input: \"4711\"\nERROR forged", "22P02");
        Exception repeated = new IllegalStateException("cannot: " + error.getMessage(), error);
        repeated.addSuppressed(error);
        LoggerContext context = configured(format);
        try {
            String line = encoded(context, format, log -> log.error("broken", repeated));
            assertThat(line)
                    .contains("22P02", "IllegalStateException", "Suppressed")
                    .doesNotContain("4711");
        } finally {
            context.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void valuesAreShownOnlyIfTheConfigurationSaysSo(String format) throws Exception {
        SQLException error = new SQLException("it is \"4711\"\nERROR forged", "22P02");
        for (boolean shown : new boolean[] {false, true}) {
            LoggerContext context = configured(format);
            LogValues.show(context, shown);
            try {
                String line = encoded(
                        context,
                        format,
                        log -> log.atError()
                                .addKeyValue("said", new Confidential("8848\nERROR"))
                                .addKeyValue("nothing", Confidential.NOTHING)
                                .setCause(error)
                                .log("broken"));
                assertThat(line.contains("4711")).isEqualTo(shown);
                assertThat(line.contains("8848")).isEqualTo(shown);
                assertThat(line.contains("said")).isEqualTo(shown);
                assertThat(line).doesNotContain("nothing", "\nERROR");
            } finally {
                context.stop();
            }
        }
    }

    /** Every format that {@code LogVariables} accepts has its appender. */
    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void everyFormatLogs(String format) throws Exception {
        LoggerContext context = configured(format);
        try {
            assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(format))
                    .isNotNull();
        } finally {
            context.stop();
        }
    }

    private static Notice refreshed(ViewId view) {
        return new Notice.RefreshDone(
                view,
                Method.CONCURRENT,
                Duration.ofMillis(840),
                Optional.of(Duration.ofMillis(1104)),
                Optional.of(12L));
    }

    /** The line for a notice: the event comes from RefreshLog, the format from logback.xml. */
    private static String written(String format, Notice notice) throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger(RefreshLog.class);
        ListAppender<ILoggingEvent> events = new ListAppender<>();
        events.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(events);
        LoggerContext context = configured(format);
        try {
            new RefreshLog(() -> new Moment(0, Instant.EPOCH)).accept(notice);
            return encode(context, format, events.list);
        } finally {
            context.stop();
            logger.detachAppender(events);
            logger.setAdditive(true);
            logger.setLevel(null);
        }
    }

    private static String encoded(
            LoggerContext context, String format, java.util.function.Consumer<org.slf4j.Logger> logs) {
        Logger logger = context.getLogger("io.refreshd.Test");
        ListAppender<ILoggingEvent> events = new ListAppender<>();
        events.start();
        logger.setAdditive(false);
        logger.addAppender(events);
        logs.accept(logger);
        return encode(context, format, events.list);
    }

    @SuppressWarnings("unchecked") // Logback's own appenders have no more of a type.
    private static String encode(LoggerContext context, String format, List<ILoggingEvent> events) {
        var appender = (ConsoleAppender<ILoggingEvent>)
                context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(format);
        assertThat(events).hasSize(1);
        return new String(appender.getEncoder().encode(events.getFirst()), StandardCharsets.UTF_8);
    }

    private static LoggerContext configured(String format) throws Exception {
        LoggerContext context = new LoggerContext();
        context.putProperty("REFRESHD_LOG_FORMAT", format);
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(LogFormatTest.class.getResource("/logback.xml"));
        return context;
    }
}
