package io.refreshd.routing;

import io.refreshd.catalog.Lookup;
import io.refreshd.catalog.LookupKey;
import io.refreshd.model.Change;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Operation;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The changes of a batch that go to the same views.
 *
 * <p>Invariant: groups are compared by identity. Views with the same group share its transaction ids, of which there may be thousands.
 */
final class ChangeGroup {
    private final List<Change> changes = new ArrayList<>(1);
    private Xids xids = Xids.NONE;
    private Instant oldestCommit = Instant.MAX;

    static ChangeGroup merge(List<ChangeGroup> groups) {
        ChangeGroup all = new ChangeGroup();
        groups.forEach(group -> group.changes.forEach(all::add));
        return all;
    }

    void add(Change change) {
        changes.add(change);
        if (change.committedAt().isBefore(oldestCommit)) {
            oldestCommit = change.committedAt();
        }
    }

    Impact impactOn(ViewId view, List<KeyLookup> lookups) {
        return new Impact(view, xids(), oldestCommit, lookups);
    }

    /** Made once, after the last change was added, so that all views of the group get the same object. */
    private Xids xids() {
        if (xids.isEmpty()) {
            xids = Xids.union(changes.stream().map(Change::xids).toList());
        }
        return xids;
    }

    /** The rows to look up in a view; empty if they cannot be looked up: a key is not known, or there are too many. */
    List<KeyLookup> lookups(Lookup lookup) {
        List<KeyLookup> all = new ArrayList<>(lookup.keys().size());
        for (LookupKey key : lookup.keys()) {
            Optional<KeyLookup> one = lookup(key);
            if (one.isEmpty()) {
                return List.of();
            }
            all.add(one.get());
        }
        return all;
    }

    /** All changes must be of one table. */
    private Optional<KeyLookup> lookup(LookupKey key) {
        if (changes.size() == 1) {
            return keys(changes.getFirst(), key)
                    .filter(keys -> keys.size() <= key.mostKeys())
                    .map(keys -> lookup(key, keys));
        }
        Set<List<String>> keys = new HashSet<>();
        for (Change change : changes) {
            Optional<Set<List<String>>> touched = keys(change, key);
            if (touched.isEmpty()) {
                return Optional.empty();
            }
            keys.addAll(touched.get());
            if (keys.size() > key.mostKeys()) {
                return Optional.empty();
            }
        }
        return Optional.of(lookup(key, keys));
    }

    /** Old and new keys, or old and new values; empty if they are not known. */
    private static Optional<Set<List<String>>> keys(Change change, LookupKey key) {
        if (!key.byValue()) {
            return change.touched().keys(key.columns());
        }
        return change.rows().containsKey(Operation.TRUNCATE)
                ? Optional.empty()
                : change.touched()
                        .values(key.columns().getFirst())
                        .map(values -> values.stream().map(List::of).collect(Collectors.toSet()));
    }

    private KeyLookup lookup(LookupKey key, Set<List<String>> keys) {
        return new KeyLookup(changes.getFirst().table(), key.positions(), key.types(), keys, key.joins(), key.map());
    }
}
