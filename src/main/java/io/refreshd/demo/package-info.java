/** The demo: an embedded PostgreSQL with the schema of role views, writes, and the daemon beside it. Not deployed. */
@NullMarked
package io.refreshd.demo;

import org.jspecify.annotations.NullMarked;
