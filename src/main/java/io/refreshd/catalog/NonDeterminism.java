package io.refreshd.catalog;

import java.util.Set;
import java.util.regex.Pattern;

/** Decides which functions may give another result although no row of a table that the query reads has changed. */
final class NonDeterminism {
    private NonDeterminism() {}

    /** STABLE built-in functions whose result depends on the clock, a setting, the session or the snapshot. */
    private static final Set<String> STABLE = Set.of(
            "now",
            "transaction_timestamp",
            "statement_timestamp",
            // age(timestamp) counts from the current date, age(xid) from the current transaction.
            "age",
            "mxid_age",
            "current_setting",
            "current_schema",
            "current_schemas",
            "session_user",
            "system_user",
            "getpgusername",
            "current_database",
            "get_current_ts_config",
            "row_security_active",
            "version",
            "format_type",
            "regclass",
            "col_description",
            "obj_description",
            "shobj_description");

    /** STABLE built-in functions that read the system catalogs or statistics, or any table (table_to_xml). */
    private static final Pattern STABLE_FAMILIES =
            Pattern.compile("pg_.*|has_.*_privilege|to_reg.*|txid_.*|inet_(client|server)_.*|.*_to_xml.*");

    /**
     * Functions whose names match a family, and whose result nevertheless depends on their arguments alone. Of others the result may
     * depend on how a value is stored, on the name of a collation, or on a type that a text names.
     */
    private static final Set<String> EXCEPTIONS = Set.of("pg_typeof");

    /** STABLE built-in functions that take the time zone's offset of the current date. */
    private static final Set<String> OF_TODAY = Set.of(
            "timetz(time without time zone)", "timezone(text, time with time zone)", "timezone(time with time zone)");

    /**
     * Whether the function's result may change while the tables stay the same.
     *
     * <p>Most STABLE built-in functions (casts, to_char, to_jsonb) depend on nothing but their arguments and settings of how values
     * are written, such as TimeZone and DateStyle. Those count as deterministic. A function of a user counts as non-deterministic
     * unless it is IMMUTABLE: it may read tables, and {@code pg_depend} does not say which.
     */
    static boolean isNonDeterministic(Function function) {
        return switch (function.volatility()) {
            case 'i' -> false;
            case 's' ->
                !function.builtIn()
                        || readsMoreThanItsArguments(function.name())
                        || OF_TODAY.contains(function.name() + "(" + function.arguments() + ")");
            default -> true;
        };
    }

    private static boolean readsMoreThanItsArguments(String name) {
        return STABLE.contains(name) || (STABLE_FAMILIES.matcher(name).matches() && !EXCEPTIONS.contains(name));
    }
}
