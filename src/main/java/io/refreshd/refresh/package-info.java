/** Carries out one refresh, in one transaction. */
@NullMarked
package io.refreshd.refresh;

import org.jspecify.annotations.NullMarked;
