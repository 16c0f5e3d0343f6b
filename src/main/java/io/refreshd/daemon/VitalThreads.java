package io.refreshd.daemon;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;

/**
 * The threads that the daemon cannot do without, and which of them have died. None should: each reports what is thrown on it, and goes
 * on or ends the process. {@code /livez} shows one that died nevertheless.
 *
 * <p>Thread: any.
 */
final class VitalThreads {
    private final List<Vital> all = new CopyOnWriteArrayList<>();

    private record Vital(String name, BooleanSupplier dead) {}

    /** @param threads for each name, without {@code refreshd-}: whether the thread has ended though nobody ended it; must not block */
    void addAll(Map<String, BooleanSupplier> threads) {
        threads.forEach((name, dead) -> all.add(new Vital("refreshd-" + name, dead)));
    }

    List<String> dead() {
        return all.stream()
                .filter(vital -> vital.dead().getAsBoolean())
                .map(Vital::name)
                .sorted()
                .toList();
    }
}
