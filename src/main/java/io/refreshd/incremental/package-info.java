/** Views that are kept by what changed, not by all that they hold. */
@NullMarked
package io.refreshd.incremental;

import org.jspecify.annotations.NullMarked;
