package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The status in a table and as JSON. Pure. */
final class StatusText {
    private static final String RED = "\u001b[31m";
    private static final String GREEN = "\u001b[32m";
    private static final String YELLOW = "\u001b[33m";
    private static final String RESET = "\u001b[0m";
    private static final List<String> HEAD =
            List.of("VIEW", "STATE", "STALE", "LAG", "AS OF", "REFRESHED", "TOOK", "REASON");

    private final boolean color;
    private final Duration silence;

    /** @param silence after which a daemon counts as away */
    StatusText(boolean color, Duration silence) {
        this.color = color;
        this.silence = silence;
    }

    String table(Freshness freshness) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEAD);
        freshness.views().forEach(view -> rows.add(cells(view, freshness.at())));
        int[] widths = new int[HEAD.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length - 1; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder(daemon(freshness)).append('\n');
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

    private String daemon(Freshness freshness) {
        List<String> words = new ArrayList<>();
        if (freshness.isAway(silence)) {
            words.add(paint(
                    RED,
                    freshness
                            .beatAge()
                            .map(age -> "The daemon is away: nothing was heard of it for " + span(age)
                                    + "; what is below is what it last knew.")
                            .orElse("No daemon has ever run here.")));
        } else {
            words.add("The daemon is alive.");
        }
        freshness.slotState().ifPresent(state -> words.add(capital(state) + "."));
        freshness.retainedBytes().ifPresent(bytes -> words.add("The server keeps " + size(bytes) + " of log for it."));
        return String.join(" ", words);
    }

    private static List<String> cells(FreshnessRow view, Instant at) {
        String reason = view.reason()
                .map(what -> what
                        + view.remedy()
                                .filter(remedy -> !remedy.isBlank())
                                .map(remedy -> " → " + remedy)
                                .orElse(""))
                .or(() -> view.refreshingFor().map(taken -> "refreshing for " + span(taken)))
                .orElse(view.failures() > 0 ? view.failures() + " failures in a row" : "");
        return List.of(
                view.view().toString().replaceAll("\\p{Cntrl}", "?"),
                view.state(),
                view.staleness().isZero() ? "-" : span(view.staleness()),
                view.lagBytes().map(StatusText::size).orElse("?"),
                view.commitTime()
                        .map(committed -> span(age(committed, at)) + " ago")
                        .orElse("?"),
                view.sinceRefresh().map(age -> span(age) + " ago").orElse("never"),
                view.lastDuration().map(StatusText::span).orElse("-"),
                reason.replaceAll("\\p{Cntrl}+", " "));
    }

    /** Never negative: the clock may have been set. */
    private static Duration age(Instant then, Instant now) {
        return then.isAfter(now) ? Duration.ZERO : Duration.between(then, now);
    }

    private String painted(String state, String padded) {
        return switch (state) {
            case "fresh" -> paint(GREEN, padded);
            case "suspended", "gone", "unpopulated" -> paint(RED, padded);
            case "dirty", "paused" -> paint(YELLOW, padded);
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
        long millis = span.toMillis();
        if (millis < 1_000) {
            return millis + " ms";
        }
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1e3);
        }
        if (millis < 3_600_000) {
            return span.toMinutes() + " min " + span.toSecondsPart() + " s";
        }
        return span.toHours() + " h " + span.toMinutesPart() + " min";
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

    ObjectNode json(Freshness freshness) {
        ObjectNode root = Json.object().put("at", freshness.at().toString());
        ObjectNode daemon = root.putObject("daemon").put("away", freshness.isAway(silence));
        daemon.put("lastSeenSeconds", seconds(freshness.beatAge()));
        root.putObject("slot")
                .put("problem", freshness.slotState().orElse(null))
                .put("retainedBytes", freshness.retainedBytes().orElse(null));
        ArrayNode views = root.putArray("views");
        for (FreshnessRow view : freshness.views()) {
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
                    .put("remedy", view.remedy().orElse(null));
        }
        return root;
    }

    private static @org.jspecify.annotations.Nullable Double seconds(Optional<Duration> span) {
        return span.map(d -> d.toMillis() / 1e3).orElse(null);
    }
}
