/** Wires the packages together and runs them: where a change enters, passes and ends. */
@NullMarked
package io.refreshd;

import org.jspecify.annotations.NullMarked;
