/** Types that report the daemon to the outside: {@code Notice} as an event, {@code DaemonStatus} as a state. Pure. */
@NullMarked
package io.refreshd.report;

import org.jspecify.annotations.NullMarked;
