/** Examines a database, as {@code check} does: what stands in the way of refreshd, what will hurt it, and the SQL against it. */
@NullMarked
package io.refreshd.doctor;

import org.jspecify.annotations.NullMarked;
