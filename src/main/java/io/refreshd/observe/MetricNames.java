package io.refreshd.observe;

import java.util.List;
import java.util.Set;

/**
 * Names of all metrics and labels, as Prometheus shows them. {@code docs/metrics.md} explains each; {@code MetricsDocTest} compares the
 * two.
 */
public final class MetricNames {
    public static final String BUILD_INFO = "refreshd_build_info";

    public static final String VIEW_STALENESS = "refreshd_view_staleness_seconds";
    public static final String VIEW_TARGET_LAG = "refreshd_view_target_lag_seconds";
    public static final String VIEW_STATE = "refreshd_view_state";
    public static final String VIEW_WATERMARK_KNOWN = "refreshd_view_watermark_known";
    public static final String VIEW_LAST_REFRESH = "refreshd_view_last_refresh_timestamp_seconds";
    public static final String VIEW_LAST_REFRESH_DURATION = "refreshd_view_last_refresh_duration_seconds";
    public static final String VIEW_NEVER_REFRESHED = "refreshd_view_never_refreshed";
    public static final String VIEW_FAILURES_IN_A_ROW = "refreshd_view_failures_in_a_row";

    public static final String REFRESHES = "refreshd_refreshes_total";
    public static final String REFRESHES_AVOIDED = "refreshd_refreshes_avoided_total";
    public static final String REFRESH_SAVED = "refreshd_refresh_saved_seconds_total";
    public static final String TARGET_LAG_MISSED = "refreshd_target_lag_missed_total";
    public static final String DRIFT = "refreshd_drift_total";
    public static final String KEYS_RECOMPUTED = "refreshd_keys_recomputed_total";
    public static final String ROUND_ROWS = "refreshd_round_rows_changed_total";
    public static final String EVERYTHING_RECOMPUTED = "refreshd_everything_recomputed_total";
    public static final String REFRESH_DURATION = "refreshd_refresh_duration_seconds";
    public static final String TROUBLES = "refreshd_troubles_total";
    public static final String COMMIT_TO_VISIBLE = "refreshd_commit_to_visible_seconds";

    public static final String NOTIFICATIONS = "refreshd_notifications_total";

    public static final String CHANGES = "refreshd_changes_total";
    public static final String TABLE_CAPTURED = "refreshd_table_captured";

    public static final String CAPTURE_STATE = "refreshd_capture_state";
    public static final String CAPTURE_LAG = "refreshd_capture_lag_seconds";
    public static final String CAPTURE_LAST_MESSAGE_AGE = "refreshd_capture_last_message_age_seconds";
    public static final String CAPTURE_RECORDS = "refreshd_capture_records_total";
    public static final String SLOT_RETAINED = "refreshd_slot_retained_bytes";
    public static final String SLOT_RETAINED_LIMIT = "refreshd_slot_retained_limit_bytes";
    public static final String GAPS = "refreshd_gaps_total";

    public static final String DATABASE_STATE = "refreshd_database_state";
    public static final String DATABASE_RESTARTS = "refreshd_database_restarts_total";

    public static final String DATABASE = "database";
    public static final String VIEW = "view";
    public static final String TABLE = "table";
    public static final String STATE = "state";
    public static final String METHOD = "method";
    public static final String OUTCOME = "outcome";
    public static final String REASON = "reason";
    public static final String OP = "op";
    public static final String VERSION = "version";
    public static final String JAVA = "java";

    public static final String REFRESHED = "refreshed";
    public static final String FAILED = "failed";

    /**
     * Values of the label {@code reason} of gaps. Each has a series at zero from the start, since {@code increase()} does not count
     * the step from "no series" to 1.
     */
    static final List<String> GAP_REASONS = List.of(
            "slot-missing",
            "slot-lost",
            "slot-ahead",
            "slot-renamed",
            "slot-dropped",
            "timeline",
            "other-system",
            "offsets-missing",
            "offsets-out-of-range",
            "retention-overtaken",
            "topic-missing",
            "topic-made-anew",
            "partitions-added",
            "record-undecodable",
            "connector-snapshot",
            "connector-begun-anew",
            "connector-too-old",
            "connector-another",
            "slot-made-anew",
            "log-undecodable",
            "log-poisoned",
            "publication-missing",
            "publication-replaced",
            "publication-altered",
            "table-unpublished",
            "table-republished");

    /** SQLSTATEs of failed refreshes that {@code docs/troubleshooting.md} explains. Others get a series when they first occur. */
    static final List<String> SQL_STATES = List.of(
            "55P03", "57014", "55000", "21000", "23505", "42501", "42P01", "42703", "42883", "53100", "53200", "53300");

    /** The classes of SQLSTATEs, the first two characters. Source: PostgreSQL's documentation, appendix A. */
    static final Set<String> SQL_STATE_CLASSES = Set.of(
            ("00 01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58"
                            + " 72 F0 HV P0 XX")
                    .split(" "));

    private MetricNames() {}

    /** A constant of an enum as a label value: lower case, words joined by hyphens. */
    static String labelValue(Enum<?> constant) {
        return constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
