package io.refreshd.bench;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The contenders by name. */
final class Contenders {
    static final List<String> ALL = List.of(
            "nothing", "bare-reader", "inline", "timer-1", "timer-10", "trigger", "refreshd", "incremental", "pg_ivm");

    /** As incremental, with {@code views.notify} and a session that listens. */
    static final String INCREMENTAL_NOTIFY = "incremental-notify";

    /** Printed at the top of the report, since the settings decide what the contenders show. */
    static final String SETTINGS = "all but pg_ivm use REFRESH … CONCURRENTLY with jit = off; inline: on the writer's"
            + " connection, only what its columns and its role concern; timer-N: all views every N s, one after the other;"
            + " trigger: all views of the table after %1$d ms without news, at most %2$d ms, one after the other;"
                    .formatted(InProcessContender.QUIET_MILLIS, InProcessContender.LONGEST_MILLIS)
            + " refreshd: quiet-period %1$d ms, target-lag %2$d ms, two refreshes at a time, heap 128 MB, its own process;"
                    .formatted(InProcessContender.QUIET_MILLIS, InProcessContender.LONGEST_MILLIS)
            + " incremental: refreshd with incremental views where the query allows it, quiet-period "
            + RefreshdContender.INCREMENTAL_QUIET_PERIOD + ";"
            + " bare-reader: drains and acknowledges a slot with refreshd's publication, and does nothing else;"
            + " pg_ivm: IMMVs in the place of the views";

    private static final Pattern TIMER = Pattern.compile("timer-([1-9][0-9]*)");

    private Contenders() {}

    static boolean exists(String name) {
        return ALL.contains(name)
                || name.equals(INCREMENTAL_NOTIFY)
                || TIMER.matcher(name).matches();
    }

    /** The interval of a timer in seconds; 1 for other contenders. */
    static int interval(String name) {
        Matcher timer = TIMER.matcher(name);
        return timer.matches() ? Integer.parseInt(timer.group(1)) : 1;
    }

    static Contender start(String name, BenchDatabase database) throws Exception {
        return switch (name) {
            case "nothing" -> InProcessContender.nothing(database);
            case "bare-reader" -> BareReaderContender.start(database);
            case "inline" -> InProcessContender.inline(database);
            case "trigger" -> InProcessContender.trigger(database);
            case "refreshd" -> RefreshdContender.start(database);
            case "incremental" -> RefreshdContender.startIncremental(database);
            case INCREMENTAL_NOTIFY -> RefreshdContender.startNotifying(database);
            case "pg_ivm" -> PgIvmContender.start(database);
            default -> InProcessContender.timer(database, interval(name));
        };
    }
}
