package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.config.ViewsSettings;
import io.refreshd.model.PlainText;
import io.refreshd.model.RefreshWindow;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Formats the windows and schedules of views, as text and as JSON. Pure. */
final class CalendarText {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT);

    private CalendarText() {}

    static String text(Collection<ViewId> views, ViewsSettings settings, Instant now) {
        StringBuilder text = new StringBuilder();
        for (ViewId view : views) {
            Timing timing = settings.timingOf(view);
            String name = PlainText.line(view.toString());
            timing.window()
                    .ifPresent(window -> text.append(name)
                            .append("  window: ")
                            .append(window)
                            .append(state(window, now))
                            .append("\n"));
            timing.schedule()
                    .ifPresent(schedule -> text.append(name)
                            .append("  schedule: ")
                            .append(schedule)
                            .append(", next at ")
                            .append(schedule.next(now))
                            .append("\n"));
        }
        return text.toString();
    }

    private static String state(RefreshWindow window, Instant now) {
        RefreshWindow.Period period = window.at(now);
        return (period.open() ? ", open until " : ", closed until ")
                + TIME.format(period.until().atZone(window.zone()));
    }

    static ObjectNode addTo(ObjectNode root, Collection<ViewId> views, ViewsSettings settings, Instant now) {
        ArrayNode calendar = root.putArray("calendar");
        for (ViewId view : views) {
            Timing timing = settings.timingOf(view);
            if (timing.window().isPresent() || timing.schedule().isPresent()) {
                Optional<RefreshWindow.Period> period = timing.window().map(window -> window.at(now));
                calendar.addObject()
                        .put("view", view.toString())
                        .put("window", timing.window().map(Object::toString).orElse(null))
                        .put("open", period.map(RefreshWindow.Period::open).orElse(null))
                        .put(
                                "until",
                                period.map(known -> known.until().toString()).orElse(null))
                        .put("schedule", timing.schedule().map(Object::toString).orElse(null))
                        .put(
                                "next",
                                timing.schedule()
                                        .map(s -> s.next(now).toString())
                                        .orElse(null));
            }
        }
        return root;
    }
}
