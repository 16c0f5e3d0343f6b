package io.refreshd.catalog;

import java.util.Set;
import java.util.regex.Pattern;

/** Tells which functions give another result although no table has changed. */
final class NonDeterminism {
    private NonDeterminism() {}

    /** Stable built-in functions that read a clock, a setting, the session or the snapshot. */
    private static final Set<String> STABLE = Set.of(
            "now",
            "transaction_timestamp",
            "statement_timestamp",
            // age(timestamp) counts from today, age(xid) from the current transaction.
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

    /** Stable built-in functions that read the system catalogs, statistics, or with table_to_xml any table. */
    private static final Pattern STABLE_FAMILIES =
            Pattern.compile("pg_.*|has_.*_privilege|to_reg.*|txid_.*|inet_(client|server)_.*|.*_to_xml.*");

    private static final Set<String> HARMLESS =
            Set.of("pg_typeof", "pg_collation_for", "pg_column_size", "pg_input_is_valid", "pg_input_error_info");

    /**
     * Of the built-in functions that are merely stable most depend on nothing but settings that say how values are
     * written, such as TimeZone and DateStyle: casts, to_char, to_jsonb. They do not count. What users wrote counts unless
     * it is declared immutable: it may read tables, and no dependency says which.
     */
    static boolean ticks(Function function) {
        return switch (function.volatility()) {
            case 'i' -> false;
            case 's' -> !function.builtIn() || readsMoreThanItsArguments(function.name());
            default -> true;
        };
    }

    private static boolean readsMoreThanItsArguments(String name) {
        return STABLE.contains(name) || (STABLE_FAMILIES.matcher(name).matches() && !HARMLESS.contains(name));
    }
}
