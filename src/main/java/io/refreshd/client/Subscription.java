package io.refreshd.client;

/** A listener's subscription to the changes of a view. */
public interface Subscription extends AutoCloseable {
    /** Ends the subscription. No call of the listener begins after it; one that runs is not waited for. */
    @Override
    void close();
}
