/**
 * The demo: an embedded PostgreSQL with an application's schema, a write workload, and the daemon beside it. The image does not
 * contain what it needs.
 */
@NullMarked
package io.refreshd.demo;

import org.jspecify.annotations.NullMarked;
