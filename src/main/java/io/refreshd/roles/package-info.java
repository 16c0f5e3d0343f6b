/** Role views: which ought to be there, which are, and what makes the one the other. */
@NullMarked
package io.refreshd.roles;

import org.jspecify.annotations.NullMarked;
