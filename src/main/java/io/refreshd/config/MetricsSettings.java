package io.refreshd.config;

import io.refreshd.model.ViewId;
import java.util.List;

/**
 * The labels of the metrics.
 *
 * @param groups views that match the same pattern share their time series; the first match counts
 */
public record MetricsSettings(List<ViewPattern> groups) {
    public static final MetricsSettings NONE = new MetricsSettings(List.of());

    public MetricsSettings {
        groups = List.copyOf(groups);
    }

    /** The value of the label {@code view}: the pattern of the view's group, or the view's own name. */
    public String labelOf(ViewId view) {
        return groups.stream()
                .filter(pattern -> pattern.matches(view))
                .findFirst()
                .map(ViewPattern::toString)
                .orElseGet(view::toString);
    }
}
