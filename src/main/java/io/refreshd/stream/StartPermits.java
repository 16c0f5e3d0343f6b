package io.refreshd.stream;

/** Permission to begin, which the databases of one process share. */
@FunctionalInterface
public interface StartPermits {
    /** For a process with one database. */
    StartPermits UNBOUNDED = () -> () -> {};

    /** Blocks until the database may begin. */
    Permit take() throws InterruptedException;

    /** Held while a database begins. */
    @FunctionalInterface
    interface Permit extends AutoCloseable {
        /** Lets another database begin. Idempotent. */
        @Override
        void close();
    }
}
