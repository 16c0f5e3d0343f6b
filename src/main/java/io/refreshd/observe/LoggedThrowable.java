package io.refreshd.observe;

import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import io.refreshd.model.PlainText;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An exception as the log shows it. Each message is one line. An error of the server, and whatever repeats its message, shows the
 * SQLSTATE only: the message may quote rows, and a statement's arguments are keys of rows.
 */
final class LoggedThrowable implements IThrowableProxy {
    private static final int LONGEST_MESSAGE = 8_000;

    private final IThrowableProxy original;
    private final boolean values;

    private LoggedThrowable(IThrowableProxy original, boolean values) {
        this.original = original;
        this.values = values;
    }

    /** The stack trace. @param values whether what may hold values is shown */
    static String trace(IThrowableProxy original, boolean values) {
        return ThrowableProxyUtil.asString(new LoggedThrowable(original, values));
    }

    @Override
    public @Nullable String getMessage() {
        String message = original.getMessage();
        if (message == null) {
            return null;
        }
        String state = values ? null : stateBelow(original);
        return state == null
                ? PlainText.line(message, LONGEST_MESSAGE)
                : "SQLSTATE " + PlainText.line(state) + " (its message may hold values: log.values)";
    }

    /** The SQLSTATE of the error that the message may repeat, whatever it is: a function may raise any. */
    private static @Nullable String stateBelow(IThrowableProxy proxy) {
        for (Throwable at = proxy instanceof ThrowableProxy known ? known.getThrowable() : null;
                at != null;
                at = at.getCause()) {
            if (at instanceof SQLException error && error.getSQLState() != null) {
                return error.getSQLState();
            }
        }
        return null;
    }

    @Override
    public String getClassName() {
        return original.getClassName();
    }

    @Override
    public StackTraceElementProxy[] getStackTraceElementProxyArray() {
        return original.getStackTraceElementProxyArray();
    }

    @Override
    public int getCommonFrames() {
        return original.getCommonFrames();
    }

    @Override
    public @Nullable IThrowableProxy getCause() {
        IThrowableProxy cause = original.getCause();
        return cause == null ? null : new LoggedThrowable(cause, values);
    }

    @Override
    public IThrowableProxy[] getSuppressed() {
        return Arrays.stream(Objects.requireNonNullElse(original.getSuppressed(), new IThrowableProxy[0]))
                .map(each -> new LoggedThrowable(each, values))
                .toArray(IThrowableProxy[]::new);
    }

    @Override
    public boolean isCyclic() {
        return original.isCyclic();
    }
}
