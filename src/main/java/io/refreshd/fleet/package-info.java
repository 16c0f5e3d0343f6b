/** The process that serves several databases: which of them, and that each begins anew when it has ended by itself. */
@NullMarked
package io.refreshd.fleet;

import org.jspecify.annotations.NullMarked;
