package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.KeyProbe;
import io.refreshd.model.Moment;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Timing;
import io.refreshd.model.Xids;
import io.refreshd.report.Lateness;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a view lacks: the changes that came since its last refresh began. One object per refresh to come; when the refresh
 * starts it takes the object along, and if it fails the object comes back.
 */
final class Needs {
    /**
     * So many transactions are remembered while a refresh runs, in the hope that its snapshot saw them all. When more than
     * these came, the hope is vain, and the memory is worth more than a refresh that would have been due anyway.
     */
    static final int XIDS_WORTH_KEEPING = 1_000;

    /** Looking up more rows than these, one by one, is no longer cheap against a refresh. */
    static final int KEYS_WORTH_PROBING = 1_000;

    /** Beyond this an age says nothing more, and arithmetic in nanoseconds stays far from its limits. */
    private static final Duration OLDEST_AGE = Duration.ofDays(365);

    /** As they were told, and shared with other views: a thousand views that lack the same must not keep it a thousand times. */
    private final List<Xids> xids = new ArrayList<>();

    private final Delays delays = new Delays();
    private final List<KeyProbe> probes = new ArrayList<>();
    private int keys;
    private boolean unprobed;
    private long number;
    private boolean untracked;
    private boolean invalidate;
    private @Nullable Instant oldestCommit;
    private long committed;
    private boolean timed;
    private long arrived;
    private long last;
    private boolean atOnce;
    private long onceAt;

    boolean present() {
        return timed || atOnce;
    }

    /** The newest dirty mark given for these needs; it may not be written yet. Zero: none was. */
    long number() {
        return number;
    }

    void number(long mark) {
        number = Math.max(number, mark);
    }

    /** Transactions that have to be visible before a refresh; some may be already. */
    Xids xids() {
        return Xids.union(xids);
    }

    boolean waitsForVisibility() {
        return !xids.isEmpty();
    }

    /** What to compare so as to know whether the view lacks anything; empty: nothing that would prove it. */
    List<KeyProbe> probes() {
        if (unprobed || probes.isEmpty()) {
            return List.of();
        }
        Map<KeyProbe, Set<List<String>>> merged = new LinkedHashMap<>();
        for (KeyProbe probe : probes) {
            merged.computeIfAbsent(
                            new KeyProbe(probe.table(), probe.positions(), probe.types(), Set.of()),
                            same -> new HashSet<>())
                    .addAll(probe.keys());
        }
        return merged.entrySet().stream()
                .map(entry -> new KeyProbe(
                        entry.getKey().table(),
                        entry.getKey().positions(),
                        entry.getKey().types(),
                        entry.getValue()))
                .toList();
    }

    /** What to compare besides, if these needs came while a refresh was running; empty if that would prove nothing. */
    Optional<List<KeyProbe>> later() {
        return unprobed ? Optional.empty() : Optional.of(probes());
    }

    private void probe(List<KeyProbe> more) {
        for (KeyProbe probe : more) {
            keys += probe.keys().size();
            probes.add(probe);
        }
        if (keys > KEYS_WORTH_PROBING || probes.size() > KEYS_WORTH_PROBING) {
            refreshInAnyCase();
        }
    }

    private void refreshInAnyCase() {
        unprobed = true;
        probes.clear();
        keys = 0;
    }

    Delays delays() {
        return delays;
    }

    /** Whether all that was known of the view came into doubt. */
    boolean invalidate() {
        return invalidate;
    }

    Optional<Instant> oldestCommit() {
        return Optional.ofNullable(oldestCommit);
    }

    /** Nanoseconds since the oldest commit; by the monotonic clock, but for its age when it arrived. */
    Optional<Duration> staleness(long now) {
        return oldestCommit().map(known -> Duration.ofNanos(now - committed));
    }

    void add(Impact impact, Moment now) {
        if (!impact.xids().isEmpty()) {
            xids.add(impact.xids());
        }
        if (impact.probes().isEmpty()) {
            refreshInAnyCase();
        } else if (!unprobed) {
            probe(impact.probes());
        }
        untracked |= impact.xids().isEmpty();
        if (!timed) {
            timed = true;
            arrived = now.nanos();
            delays.add(Lateness.CAPTURE, age(impact.oldestCommit(), now));
        }
        last = now.nanos();
        if (oldestCommit == null || impact.oldestCommit().isBefore(oldestCommit)) {
            older(impact.oldestCommit(), now.nanos() - age(impact.oldestCommit(), now));
        }
    }

    /** If there is anything to bring at all, it is not to wait any longer. */
    void expedite(long now) {
        if (present()) {
            once(now);
        }
    }

    /** Something may be missing that no transaction id is known of: only a refresh that starts later covers it. */
    void addUnknown(Moment now) {
        once(now.nanos());
        untracked = true;
        refreshInAnyCase();
    }

    void addDoubt(Moment now) {
        addUnknown(now);
        invalidate = true;
    }

    /** What the ledger remembers: it was acknowledged and seen to be visible, so there is nothing to wait for. */
    void addRemembered(Optional<Instant> dirtySince, Moment now) {
        addUnknown(now);
        dirtySince.ifPresent(commit -> {
            delays.add(Lateness.CAPTURE, age(commit, now));
            older(commit, now.nanos() - age(commit, now));
        });
    }

    /** An upstream view has changed; it has waited for the burst to end, so this one does not wait again. */
    void addFromUpstream(Needs upstream, long now) {
        once(now);
        untracked = true;
        refreshInAnyCase();
        if (upstream.oldestCommit != null) {
            older(upstream.oldestCommit, upstream.committed);
            delays.add(Lateness.UPSTREAM, now - upstream.committed);
        }
    }

    /** A refresh that was to bring these did not: what came meanwhile joins them. */
    void absorb(Needs later) {
        xids.addAll(later.xids);
        if (later.unprobed) {
            refreshInAnyCase();
        } else if (!unprobed) {
            probe(later.probes);
        }
        delays.addAll(later.delays);
        number(later.number);
        untracked |= later.untracked;
        invalidate |= later.invalidate;
        if (later.oldestCommit != null) {
            older(later.oldestCommit, later.committed);
        }
        if (later.timed) {
            arrived = timed ? earlier(arrived, later.arrived) : later.arrived;
            last = later.last;
            timed = true;
        }
        if (later.atOnce) {
            once(later.onceAt);
        }
    }

    /** Whether a refresh with this snapshot brought all of these although they came after it began. */
    boolean heldBy(Snapshot snapshot) {
        return !untracked && xids.stream().allMatch(some -> some.areSeenBy(snapshot));
    }

    /** Any refresh that starts from now on sees these transactions. Only while no refresh runs: that one may not. */
    void forgetVisible(Snapshot snapshot) {
        xids.removeIf(some -> some.areSeenBy(snapshot));
    }

    /** While a refresh runs. Past the limit the needs can no longer be proven to be held by it, which makes forgetting safe. */
    void forgetVisibleBeyondLimit(Snapshot snapshot) {
        if (xids.stream().mapToInt(Xids::size).sum() > XIDS_WORTH_KEEPING) {
            untracked = true;
        }
        if (untracked) {
            forgetVisible(snapshot);
        }
    }

    /** When to start: at the end of the burst, but early enough for the target; never before the news came. */
    long due(Timing timing, long expected) {
        if (!timed) {
            return onceAt;
        }
        long quiet = last + timing.quietPeriod().toNanos();
        long lag = later(committed + timing.targetLag().toNanos() - expected, arrived);
        long due = earlier(quiet, lag);
        return atOnce ? earlier(due, onceAt) : due;
    }

    private void once(long at) {
        onceAt = atOnce ? earlier(onceAt, at) : at;
        atOnce = true;
    }

    private void older(Instant commit, long nanos) {
        committed = oldestCommit == null ? nanos : earlier(committed, nanos);
        oldestCommit = oldestCommit == null || commit.isBefore(oldestCommit) ? commit : oldestCommit;
    }

    /** A commit of the future has age zero: the clocks differ, and by how much nobody knows. */
    private static long age(Instant commit, Moment now) {
        Duration age = Duration.between(commit, now.wall());
        if (age.isNegative()) {
            return 0;
        }
        return (age.compareTo(OLDEST_AGE) < 0 ? age : OLDEST_AGE).toNanos();
    }

    static long earlier(long a, long b) {
        return a - b <= 0 ? a : b;
    }

    static long later(long a, long b) {
        return a - b >= 0 ? a : b;
    }
}
