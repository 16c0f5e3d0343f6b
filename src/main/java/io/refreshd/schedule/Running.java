package io.refreshd.schedule;

import io.refreshd.model.RefreshTask;

/**
 * A refresh that has been started and not been heard of since.
 *
 * @param needs what it is to bring; nobody adds to them any more
 * @param expected how long it was expected to take, in nanoseconds
 * @param requested whether somebody asked for it
 */
record Running(RefreshTask task, Needs needs, long startedAt, long expected, boolean requested) {}
