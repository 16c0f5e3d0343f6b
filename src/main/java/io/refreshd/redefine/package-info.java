/** Gives a materialized view another query, and carries over whatever is attached to it or stands on it. */
@NullMarked
package io.refreshd.redefine;

import org.jspecify.annotations.NullMarked;
