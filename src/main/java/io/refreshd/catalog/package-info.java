/** Which tables, views and materialized views stand on each other, as the system catalog tells. Pure but for its reader. */
@NullMarked
package io.refreshd.catalog;

import org.jspecify.annotations.NullMarked;
