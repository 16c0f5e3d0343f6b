package io.refreshd.demo;

import io.refreshd.model.Method;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Renders the state of the demo as lines of text. Pure: it knows neither cursor nor clock. */
final class LiveTable {
    private static final String RESET = "\u001b[0m";
    private static final String GREEN = "\u001b[32m";
    private static final String YELLOW = "\u001b[33m";
    private static final String RED = "\u001b[31m";

    /**
     * The state of the demo at one moment.
     *
     * @param elapsed since the writes began
     */
    record Frame(Duration elapsed, StreamStatus stream, long commits, long avoided, List<LiveRow> rows) {
        Frame {
            rows = List.copyOf(rows);
        }
    }

    private LiveTable() {}

    /** The table for a terminal. No line is wider than the screen: a wrapped line would break the redrawing. */
    static List<String> table(Frame frame, Screen screen) {
        int name = frame.rows().stream()
                .mapToInt(row -> row.view().name().length())
                .max()
                .orElse(4);
        // 80 columns with the longest name of the demo.
        String format = "%-" + Math.max(4, name) + "s %-11s%7s%10s%13s%10s%6s";
        List<String> lines = new ArrayList<>();
        lines.add(cut(heading(frame), screen));
        lines.add(cut(
                format.formatted("view", "state", "rows", "staleness", "commits seen", "refreshes", "took"), screen));
        for (LiveRow row : frame.rows()) {
            String line = format.formatted(
                    row.view().name(),
                    row.phase().word(),
                    row.rows(),
                    seconds(row.staleness()),
                    row.commitsSeen() + "/" + row.commits(),
                    row.refreshes(),
                    last(row));
            lines.add(colored(cut(line, screen), row.phase(), screen));
        }
        String incremental = frame.rows().stream()
                .filter(row -> row.method() == Method.INCREMENTAL)
                .map(row -> row.view().name())
                .collect(Collectors.joining(", "));
        if (!incremental.isEmpty()) {
            lines.add(cut("incremental: " + incremental, screen));
        }
        return lines;
    }

    /** The lines for a file or a pipe. Each can be read by itself. */
    static List<String> plain(Frame frame) {
        List<String> lines = new ArrayList<>();
        lines.add(heading(frame));
        for (LiveRow row : frame.rows()) {
            lines.add("%s view=%s method=%s state=%s rows=%d staleness=%s seen=%d/%d refreshes=%d last=%s"
                    .formatted(
                            seconds(frame.elapsed()),
                            row.view().name(),
                            row.method().name().toLowerCase(Locale.ROOT),
                            row.phase().word(),
                            row.rows(),
                            seconds(row.staleness()),
                            row.commitsSeen(),
                            row.commits(),
                            row.refreshes(),
                            last(row)));
        }
        return lines;
    }

    private static String heading(Frame frame) {
        String detail = frame.stream().detail().isEmpty()
                ? ""
                : " (" + oneLine(frame.stream().detail()) + ")";
        return "%s %s%s, %d commits, %d refreshes avoided"
                .formatted(
                        seconds(frame.elapsed()),
                        frame.stream().phase().word(),
                        detail,
                        frame.commits(),
                        frame.avoided());
    }

    static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1fs", duration.toMillis() / 1000.0);
    }

    private static String last(LiveRow row) {
        return row.lastDuration()
                .map(took -> took.toMillis() < 1000 ? took.toMillis() + "ms" : seconds(took))
                .orElse("-");
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\p{Cntrl}+", " ");
    }

    private static String cut(String line, Screen screen) {
        return line.length() <= screen.width() ? line : line.substring(0, screen.width());
    }

    private static String colored(String line, ViewPhase phase, Screen screen) {
        if (!screen.color()) {
            return line;
        }
        String color = switch (phase) {
            case FRESH -> GREEN;
            case DIRTY, REFRESHING, PAUSED, WAITING, UNTRACKED -> YELLOW;
            case BACKING_OFF, SUSPENDED, BLOCKED -> RED;
        };
        return color + line + RESET;
    }
}
