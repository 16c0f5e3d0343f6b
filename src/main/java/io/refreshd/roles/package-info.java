/** Role views: the desired ones, the existing ones, and the steps from the existing to the desired. */
@NullMarked
package io.refreshd.roles;

import org.jspecify.annotations.NullMarked;
