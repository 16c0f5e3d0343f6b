/** Which views a change affects, and why. Pure. */
@NullMarked
package io.refreshd.routing;

import org.jspecify.annotations.NullMarked;
