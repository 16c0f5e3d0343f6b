package io.refreshd.database;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * Names of SQLSTATEs, such as {@code division_by_zero}. Pure, except that it reads them from the class path once.
 *
 * <p>Source: {@code errcodes.txt} of PostgreSQL 15 to 18.
 */
final class ConditionNames {
    private static final Properties NAMES = new Properties();

    static {
        try (InputStream in = ConditionNames.class.getResourceAsStream("conditions.properties")) {
            NAMES.load(Objects.requireNonNull(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ConditionNames() {}

    /** The SQLSTATE and its name. A function may raise an error with a state of its own, which has no name. */
    static String describe(@Nullable String sqlState) {
        if (sqlState == null || !sqlState.matches("[0-9A-Z]{5}")) {
            return "an error without an SQLSTATE";
        }
        String name = NAMES.getProperty(sqlState);
        return "SQLSTATE " + sqlState + (name == null ? "" : " (" + name + ")");
    }
}
