/** Carries out refreshes, each in one transaction, and finds out which views need none. */
@NullMarked
package io.refreshd.refresh;

import org.jspecify.annotations.NullMarked;
