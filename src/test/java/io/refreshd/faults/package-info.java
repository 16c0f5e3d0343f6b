/**
 * Fault campaigns: the whole daemon and a real database under a random workload and faults. An oracle checks the watermarks
 * by SQL.
 */
@NullMarked
package io.refreshd.faults;

import org.jspecify.annotations.NullMarked;
