package io.refreshd.model;

import java.util.Objects;

/**
 * Something that stands in the way, in words for the person who has to mend it.
 *
 * @param what what is wrong and with which object, one sentence
 * @param remedy the statement, or the step, that mends it
 */
public record Obstacle(String what, String remedy) {
    public Obstacle {
        Objects.requireNonNull(what);
        Objects.requireNonNull(remedy);
    }
}
