/** Nothing but packages: ARCHITECTURE.md has the map. */
@NullMarked
package io.refreshd;

import org.jspecify.annotations.NullMarked;
