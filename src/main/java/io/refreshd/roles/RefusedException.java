package io.refreshd.roles;

import io.refreshd.model.Obstacle;

/** A step cannot be done, and what it has done already is to be rolled back. */
final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Obstacle obstacle;

    RefusedException(Obstacle obstacle) {
        super(obstacle.what());
        this.obstacle = obstacle;
    }

    Obstacle obstacle() {
        return obstacle;
    }
}
