/** Whole daemon, real database, a random workload and faults; what the daemon claims is checked by its own word in SQL. */
@NullMarked
package io.refreshd.faults;

import org.jspecify.annotations.NullMarked;
