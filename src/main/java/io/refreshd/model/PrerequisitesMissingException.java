package io.refreshd.model;

import java.util.List;
import java.util.stream.Collectors;

/** The daemon cannot run before somebody changes something in the database; the obstacles say what, and how. */
public final class PrerequisitesMissingException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<Obstacle> obstacles;

    public PrerequisitesMissingException(List<Obstacle> obstacles) {
        super(obstacles.stream().map(Obstacle::what).collect(Collectors.joining("; ")));
        this.obstacles = List.copyOf(obstacles);
    }

    public List<Obstacle> obstacles() {
        return obstacles;
    }
}
