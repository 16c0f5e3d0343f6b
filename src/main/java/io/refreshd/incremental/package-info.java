/** Incremental views: their conversion, and the statements that recompute what a change concerns. */
@NullMarked
package io.refreshd.incremental;

import org.jspecify.annotations.NullMarked;
