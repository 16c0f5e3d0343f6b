package io.refreshd.daemon;

import java.util.Objects;

/** The version of this refreshd. */
public final class Version {
    private Version() {}

    /** As written into the JAR when it was built. */
    public static String current() {
        return Objects.requireNonNullElse(Version.class.getPackage().getImplementationVersion(), "development");
    }
}
