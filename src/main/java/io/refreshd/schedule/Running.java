package io.refreshd.schedule;

import io.refreshd.model.RefreshTask;
import java.time.Instant;

/**
 * A refresh that has been started and not been heard of since.
 *
 * @param needs what it is to bring; nobody adds to them any more
 * @param since the same as {@code startedAt}, by the wall clock: for people
 * @param expected how long it was expected to take, in nanoseconds
 * @param requested whether somebody asked for it
 */
record Running(RefreshTask task, Needs needs, long startedAt, Instant since, long expected, boolean requested) {}
