package io.refreshd.schedule;

import io.refreshd.model.KeyLookup;
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
final class PendingLookups {
    /** Looking up more rows than these, one by one, is no longer cheap against a refresh. */
    static final int KEYS_WORTH_PROBING = 1_000;

    /**
     * Keys that are kept for a round of an incremental view: some seconds of writers at full speed, in some MB. With fewer, a round that
     * was held up would be followed by one of all rows, which holds up the next.
     */
    static final int KEYS_WORTH_RECOMPUTING = 50_000;

    private final int mostKeys;
    private final List<KeyLookup> lookups = new ArrayList<>();
    /** How many keys the look-ups hold, repeated ones included. */
    private int keys;
    /** With more keys than these, repeated ones are removed. So a key counts once that changes again and again, or is read again. */
    private int keysToMerge;
    /** Why a refresh is required; null: it is not. */
    private @Nullable String required;

    /** @param mostKeys after more keys than these a refresh is required */
    PendingLookups(int mostKeys) {
        this.mostKeys = mostKeys;
        this.keysToMerge = mostKeys;
    }

    /** @param why in words for people; the first reason is kept */
    void requireRefresh(String why) {
        if (required == null) {
            required = why;
        }
        lookups.clear();
        keys = 0;
    }

    /** Why a refresh is required; empty if it is not. */
    Optional<String> required() {
        return Optional.ofNullable(required);
    }

    /** @param more empty: the rows that changed are not known */
    void add(List<KeyLookup> more) {
        if (more.isEmpty()) {
            requireRefresh("rows changed whose keys are not known, or too many at once");
        } else {
            addKnown(more);
        }
    }

    void addAll(PendingLookups others) {
        if (others.required != null) {
            requireRefresh(others.required);
        } else {
            addKnown(others.lookups);
        }
    }

    private void addKnown(List<KeyLookup> more) {
        if (required != null) {
            return;
        }
        more.forEach(this::append);
        if (keys > keysToMerge || lookups.size() > keysToMerge) {
            removeRepeated();
        }
    }

    private void append(KeyLookup lookup) {
        keys += lookup.keys().size();
        lookups.add(lookup);
    }

    /**
     * Counts each key once, and requires a refresh if there are too many still. Views share their look-ups, so they are replaced only where
     * that saves much.
     */
    private void removeRepeated() {
        List<KeyLookup> merged = merged();
        int distinct = merged.stream().mapToInt(lookup -> lookup.keys().size()).sum();
        if (distinct > mostKeys) {
            requireRefresh("more than " + mostKeys + " rows changed");
        } else if (2 * distinct <= keys) {
            lookups.clear();
            keys = 0;
            merged.forEach(this::append);
        }
        // No key is looked at more than a few times.
        keysToMerge = mostKeys + keys;
    }

    /** The look-ups, one for each table and set of columns; empty: refresh without a look-up. */
    List<KeyLookup> merged() {
        Map<KeyLookup, Set<List<String>>> merged = new LinkedHashMap<>();
        for (KeyLookup lookup : lookups) {
            merged.computeIfAbsent(lookup.withKeys(Set.of()), same -> new HashSet<>())
                    .addAll(lookup.keys());
        }
        return merged.entrySet().stream()
                .map(entry -> entry.getKey().withKeys(entry.getValue()))
                .toList();
    }

    /**
     * The look-ups of changes that came while a look-up was running, to be looked up as well; empty if a look-up proves nothing
     * any more. A list without elements means that nothing came.
     */
    Optional<List<KeyLookup>> mergedUnlessRefreshRequired() {
        return required != null ? Optional.empty() : Optional.of(merged());
    }
}
