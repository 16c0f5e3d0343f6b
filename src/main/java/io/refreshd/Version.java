package io.refreshd;

import java.util.Objects;

/** Which refreshd this is. */
public final class Version {
    private Version() {}

    /** As written into the JAR when it was built. */
    public static String current() {
        return Objects.requireNonNullElse(Version.class.getPackage().getImplementationVersion(), "development");
    }
}
