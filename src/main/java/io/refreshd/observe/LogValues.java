package io.refreshd.observe;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.core.Context;
import org.slf4j.LoggerFactory;

/**
 * Whether log lines show what may hold values of rows: the setting {@code log.values}. It is a property of the logging context, since
 * the encoders are made by Logback, before the configuration is read.
 */
public final class LogValues {
    private static final String PROPERTY = "io.refreshd.log.values";

    private LogValues() {}

    /** For every line of this process from now on. */
    public static void show(boolean values) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            show(context, values);
        }
    }

    static void show(LoggerContext context, boolean values) {
        context.putProperty(PROPERTY, Boolean.toString(values));
    }

    static boolean areShown(Context context) {
        return Boolean.parseBoolean(context.getProperty(PROPERTY));
    }
}
