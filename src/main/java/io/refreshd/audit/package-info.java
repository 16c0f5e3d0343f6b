/** Compares what materialized views hold with what their definitions say, and judges whether a difference is a fault. */
@NullMarked
package io.refreshd.audit;

import org.jspecify.annotations.NullMarked;
