/** Shows the daemon to people and machines: metrics, log lines, health, status. It reads and never decides. */
@NullMarked
package io.refreshd.observe;

import org.jspecify.annotations.NullMarked;
