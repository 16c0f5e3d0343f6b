package io.refreshd.observe;

import org.jspecify.annotations.Nullable;

/**
 * The database that a thread works for, in a process that serves several. Every line of the log that the thread writes names it. A thread
 * inherits it from the one that starts it, so threads of libraries have it too.
 */
public final class LogDatabase {
    private static final InheritableThreadLocal<@Nullable String> NAME = new InheritableThreadLocal<>();

    private LogDatabase() {}

    /** For this thread, and those that it starts from now on. */
    public static void set(String name) {
        NAME.set(name);
    }

    /** Null if the process serves one database, or the thread works for all of them. */
    public static @Nullable String get() {
        return NAME.get();
    }
}
