package io.refreshd.model;

import java.util.Objects;

/**
 * A problem in the database or its configuration, in words for the person who has to solve it.
 *
 * @param what one sentence: what is wrong, and with which object
 * @param remedy the statement or step that solves it; empty if there is none
 */
public record Obstacle(String what, String remedy) {
    public Obstacle {
        Objects.requireNonNull(what);
        Objects.requireNonNull(remedy);
    }
}
