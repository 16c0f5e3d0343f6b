package io.refreshd.demo;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.FileAppender;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/** Redirects the log to a file until it is closed. On the terminal, log lines would break the live table. */
final class LogRedirection implements AutoCloseable {
    private final Logger root;
    private final FileAppender<ILoggingEvent> file;
    private final List<Appender<ILoggingEvent>> before = new ArrayList<>();

    private LogRedirection(Logger root, FileAppender<ILoggingEvent> file) {
        this.root = root;
        this.file = file;
    }

    /** Begins the redirection; empty if the logging backend is not Logback. */
    static Optional<LogRedirection> open(Path path) {
        if (!(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return Optional.empty();
        }
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%d{ISO8601} %-5level %logger{24} %msg %kvp%n");
        encoder.start();
        FileAppender<ILoggingEvent> file = new FileAppender<>();
        file.setContext(context);
        file.setName("demo");
        file.setFile(path.toString());
        file.setEncoder(encoder);
        file.start();
        LogRedirection opened = new LogRedirection(context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME), file);
        opened.redirect();
        return Optional.of(opened);
    }

    private void redirect() {
        root.iteratorForAppenders().forEachRemaining(before::add);
        root.addAppender(file);
        before.forEach(root::detachAppender);
    }

    @Override
    public void close() {
        before.forEach(root::addAppender);
        root.detachAppender(file);
        file.stop();
    }
}
