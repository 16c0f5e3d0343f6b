/** Decides when each view is refreshed. Pure but for {@link io.refreshd.schedule.EventLoop}, the one shell around it. */
@NullMarked
package io.refreshd.schedule;

import org.jspecify.annotations.NullMarked;
