package io.refreshd.schedule;

import io.refreshd.model.KeyProbe;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rows to look up before a refresh: if none of them differs from the view, the view lacks nothing. Once a change comes whose
 * rows are not known, a look-up proves nothing any more and the refresh is required. For an incremental view these are the rows to
 * recompute, and a refresh recomputes all rows.
 */
final class PendingProbes {
    /** Looking up more rows than these, one by one, is no longer cheap against a refresh. */
    static final int KEYS_WORTH_PROBING = 1_000;

    private final int mostKeys;
    private final List<KeyProbe> probes = new ArrayList<>();
    /** How many keys the probes hold, repeated ones included. */
    private int keys;
    /** With more keys than these, repeated ones are removed. So a key counts once that changes again and again, or is read again. */
    private int keysToMerge;
    /** Why a refresh is required; null: it is not. */
    private @Nullable String required;

    /** @param mostKeys after more keys than these a refresh is required */
    PendingProbes(int mostKeys) {
        this.mostKeys = mostKeys;
        this.keysToMerge = mostKeys;
    }

    /** @param why in words for people; the first reason is kept */
    void requireRefresh(String why) {
        if (required == null) {
            required = why;
        }
        probes.clear();
        keys = 0;
    }

    /** Why a refresh is required; empty if it is not. */
    Optional<String> required() {
        return Optional.ofNullable(required);
    }

    /** @param more empty: the rows that changed are not known */
    void add(List<KeyProbe> more) {
        if (more.isEmpty()) {
            requireRefresh("rows changed whose keys are not known, or too many at once");
        } else {
            addKnown(more);
        }
    }

    void addAll(PendingProbes others) {
        if (others.required != null) {
            requireRefresh(others.required);
        } else {
            addKnown(others.probes);
        }
    }

    private void addKnown(List<KeyProbe> more) {
        if (required != null) {
            return;
        }
        more.forEach(this::append);
        if (keys > keysToMerge || probes.size() > keysToMerge) {
            removeRepeated();
        }
    }

    private void append(KeyProbe probe) {
        keys += probe.keys().size();
        probes.add(probe);
    }

    /**
     * Counts each key once, and requires a refresh if there are too many still. Views share their probes, so they are replaced only where
     * that saves much.
     */
    private void removeRepeated() {
        List<KeyProbe> merged = merged();
        int distinct = merged.stream().mapToInt(probe -> probe.keys().size()).sum();
        if (distinct > mostKeys) {
            requireRefresh("more than " + mostKeys + " rows changed");
        } else if (2 * distinct <= keys) {
            probes.clear();
            keys = 0;
            merged.forEach(this::append);
        }
        // No key is looked at more than a few times.
        keysToMerge = mostKeys + keys;
    }

    /** The probes, one for each table and set of columns; empty: refresh without a look-up. */
    List<KeyProbe> merged() {
        Map<KeyProbe, Set<List<String>>> merged = new LinkedHashMap<>();
        for (KeyProbe probe : probes) {
            merged.computeIfAbsent(probe.withKeys(Set.of()), same -> new HashSet<>())
                    .addAll(probe.keys());
        }
        return merged.entrySet().stream()
                .map(entry -> entry.getKey().withKeys(entry.getValue()))
                .toList();
    }

    /**
     * The probes of changes that came while a look-up was running, to be looked up as well; empty if a look-up proves nothing
     * any more. A list without elements means that nothing came.
     */
    Optional<List<KeyProbe>> mergedUnlessRefreshRequired() {
        return required != null ? Optional.empty() : Optional.of(merged());
    }
}
