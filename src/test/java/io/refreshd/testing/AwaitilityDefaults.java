package io.refreshd.testing;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.Extension;

/**
 * Gives every {@code await()} the limit of {@link TestTimeout}.
 *
 * <p>JUnit finds the extension by its entry in META-INF/services and creates it before the first test of a JVM runs.
 */
public final class AwaitilityDefaults implements Extension {
    public AwaitilityDefaults() {
        Awaitility.setDefaultTimeout(TestTimeout.LIMIT);
    }
}
