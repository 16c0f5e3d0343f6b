package io.refreshd.model;

import java.util.Objects;

/**
 * A problem in the database or its configuration, in words for the person who has to solve it.
 *
 * @param what one sentence: what is wrong, and with which object
 * @param remedy the statement or step that solves it; empty if there is none
 * @param said what the server said of it; {@code what} and {@code remedy} are for everybody and hold none of the server's words
 */
public record Obstacle(String what, String remedy, Confidential said) {
    public Obstacle {
        Objects.requireNonNull(what);
        Objects.requireNonNull(remedy);
        Objects.requireNonNull(said);
    }

    public Obstacle(String what, String remedy) {
        this(what, remedy, Confidential.NOTHING);
    }
}
