package io.refreshd.model;

import java.util.Objects;

/**
 * A problem in the database or its configuration, in words for the person who has to solve it.
 *
 * @param what one sentence: what is wrong, and with which object
 * @param remedy the statements or steps that solve it; empty if there are none
 * @param said what the server said of it; {@code what} and {@code remedy} are for everybody and hold none of the server's words
 */
public record Obstacle(String what, Remedy remedy, Confidential said) {
    public Obstacle {
        Objects.requireNonNull(what);
        Objects.requireNonNull(remedy);
        Objects.requireNonNull(said);
    }

    public Obstacle(String what, Remedy remedy) {
        this(what, remedy, Confidential.NOTHING);
    }
}
