/** Small records that validate themselves. Pure: nothing but the JDK. */
@NullMarked
package io.refreshd.model;

import org.jspecify.annotations.NullMarked;
