package io.refreshd.faults;

/** A fault. {@link #inject} returns when the fault is over; recovery follows. */
@FunctionalInterface
interface Fault {
    void inject(FaultContext context) throws Exception;
}
