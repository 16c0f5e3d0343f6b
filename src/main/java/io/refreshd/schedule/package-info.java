/**
 * Scheduling: when each view is refreshed. {@link io.refreshd.schedule.Scheduler} decides and is pure;
 * {@link io.refreshd.schedule.EventLoop} owns the threads, the time and the queue around it.
 */
@NullMarked
package io.refreshd.schedule;

import org.jspecify.annotations.NullMarked;
