package io.refreshd.faults;

/** Something that breaks. Returns when it is over, so that what follows is recovery. */
@FunctionalInterface
interface Fault {
    void inject(FaultContext context) throws Exception;
}
