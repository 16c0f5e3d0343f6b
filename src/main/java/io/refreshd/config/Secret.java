package io.refreshd.config;

import java.util.Objects;

/** A secret value. It prints and logs as stars. */
public final class Secret {
    public static final Secret EMPTY = new Secret("");

    private final String value;

    public Secret(String value) {
        this.value = Objects.requireNonNull(value);
    }

    /** The secret in plain text; only for the call that sends it to the server. */
    public String reveal() {
        return value;
    }

    public boolean isEmpty() {
        return value.isEmpty();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Secret secret && secret.value.equals(value);
    }

    @Override
    public int hashCode() {
        return value.hashCode();
    }

    @Override
    public String toString() {
        return "***";
    }
}
