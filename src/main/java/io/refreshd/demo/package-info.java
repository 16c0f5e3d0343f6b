/**
 * The demo: an embedded PostgreSQL with an application's schema, a write workload, and the daemon beside it. The image contains no
 * embedded PostgreSQL, so the demo runs only in a clone of the repository.
 */
@NullMarked
package io.refreshd.demo;

import org.jspecify.annotations.NullMarked;
