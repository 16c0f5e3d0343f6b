package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.model.PlainText;
import io.refreshd.model.Remedy;
import io.refreshd.model.Spans;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Formats the status, as a table and as JSON. Pure. */
final class StatusText {
    private static final String RED = "\u001b[31m";
    private static final String GREEN = "\u001b[32m";
    private static final String YELLOW = "\u001b[33m";
    private static final String RESET = "\u001b[0m";
    private static final List<String> HEADINGS =
            List.of("VIEW", "STATE", "METHOD", "STALE", "LAG", "AS OF", "REFRESHED", "TOOK", "REASON");

    private final boolean color;
    private final Duration heartbeatTimeout;

    /** @param heartbeatTimeout the heartbeat's age from which the daemon counts as away */
    StatusText(boolean color, Duration heartbeatTimeout) {
        this.color = color;
        this.heartbeatTimeout = heartbeatTimeout;
    }

    String table(LedgerStatus status) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADINGS);
        status.views().forEach(view -> rows.add(cells(view, status.at())));
        int[] widths = new int[HEADINGS.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length - 1; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder(daemon(status)).append('\n');
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length - 1; i++) {
                String padded = row.get(i) + " ".repeat(widths[i] - row.get(i).length());
                line.append(i == 1 ? painted(row.get(1), padded) : padded).append("  ");
            }
            text.append(line.append(row.getLast()).toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private String daemon(LedgerStatus status) {
        List<String> sentences = new ArrayList<>();
        if (status.isDaemonAway(heartbeatTimeout)) {
            sentences.add(paint(
                    RED,
                    status.heartbeatAge()
                            .map(age -> "The daemon is away: its last heartbeat was " + span(age)
                                    + " ago. The table shows what it knew then.")
                            .orElse("No daemon has ever run here.")));
        } else {
            sentences.add("The daemon is alive.");
        }
        status.slotProblem().ifPresent(problem -> sentences.add(capital(problem) + "."));
        status.retainedBytes()
                .ifPresent(bytes -> sentences.add("The server retains " + size(bytes) + " of log for the slot."));
        return String.join(" ", sentences);
    }

    private static List<String> cells(FreshnessRow view, Instant at) {
        String reason = view.reason()
                .map(what -> what
                        + view.serverMessage().map(said -> ": " + said).orElse("")
                        + view.remedy()
                                .filter(remedy -> !remedy.isEmpty())
                                .map(remedy -> " → " + remedy)
                                .orElse(""))
                .or(() -> view.refreshingFor().map(taken -> "refreshing for " + span(taken)))
                .orElse(
                        view.failures() > 0
                                ? view.failures() + " failures in a row"
                                        + view.serverMessage()
                                                .map(said -> ": " + said)
                                                .orElse("")
                                : "");
        return List.of(
                PlainText.line(view.view().toString()),
                view.state(),
                view.method().orElse("-"),
                view.staleness().isZero() ? "-" : span(view.staleness()),
                view.lagBytes().map(StatusText::size).orElse("?"),
                view.commitTime()
                        .map(committed -> span(age(committed, at)) + " ago")
                        .orElse("?"),
                view.sinceRefresh().map(age -> span(age) + " ago").orElse("never"),
                view.lastDuration().map(StatusText::span).orElse("-"),
                PlainText.line(reason));
    }

    /** The age, never negative: the server's clock may have been set back. */
    private static Duration age(Instant then, Instant now) {
        return then.isAfter(now) ? Duration.ZERO : Duration.between(then, now);
    }

    private String painted(String state, String padded) {
        return switch (state) {
            case "fresh" -> paint(GREEN, padded);
            case "suspended", "gone", "unpopulated" -> paint(RED, padded);
            case "dirty", "paused", "waiting", "untracked" -> paint(YELLOW, padded);
            default -> padded;
        };
    }

    private String paint(String code, String text) {
        return color ? code + text + RESET : text;
    }

    private static String capital(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    static String span(Duration span) {
        return Spans.inWords(span);
    }

    static String size(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        if (bytes < 1024 * 1024) {
            return bytes / 1024 + " kB";
        }
        return bytes < 1024L * 1024 * 1024
                ? bytes / (1024 * 1024) + " MB"
                : String.format(Locale.ROOT, "%.1f GB", bytes / (1024.0 * 1024 * 1024));
    }

    ObjectNode json(LedgerStatus status) {
        ObjectNode root = Json.object().put("at", status.at().toString());
        ObjectNode daemon = root.putObject("daemon").put("away", status.isDaemonAway(heartbeatTimeout));
        daemon.put("lastSeenSeconds", seconds(status.heartbeatAge()));
        root.putObject("slot")
                .put("problem", status.slotProblem().orElse(null))
                .put("retainedBytes", status.retainedBytes().orElse(null));
        ArrayNode views = root.putArray("views");
        for (FreshnessRow view : status.views()) {
            views.addObject()
                    .put("view", view.view().toString())
                    .put("schema", view.view().schema())
                    .put("name", view.view().name())
                    .put("state", view.state())
                    .put("stalenessSeconds", seconds(Optional.of(view.staleness())))
                    .put("refreshingSeconds", seconds(view.refreshingFor()))
                    .put("watermark", view.watermark().orElse(null))
                    .put("commitTime", view.commitTime().map(Object::toString).orElse(null))
                    .put("watermarkLagBytes", view.lagBytes().orElse(null))
                    .put("refreshedAt", view.refreshedAt().map(Object::toString).orElse(null))
                    .put("lastDurationSeconds", seconds(view.lastDuration()))
                    .put("method", view.method().orElse(null))
                    .put("failuresInARow", view.failures())
                    .put("reason", view.reason().orElse(null))
                    .put("serverMessage", view.serverMessage().orElse(null))
                    .set("remedy", Json.remedy(view.remedy().orElse(Remedy.NONE)));
        }
        return root;
    }

    private static @org.jspecify.annotations.Nullable Double seconds(Optional<Duration> span) {
        return span.map(d -> d.toMillis() / 1e3).orElse(null);
    }
}
