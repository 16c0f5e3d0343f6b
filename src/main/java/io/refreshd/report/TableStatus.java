package io.refreshd.report;

import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import java.util.Optional;

/**
 * A base table at one moment.
 *
 * @param notCaptured why the log tells nothing about it; empty if it is captured
 */
public record TableStatus(TableId table, Optional<Obstacle> notCaptured) {}
