/** Puts a relation in another one's place: what people attached to it goes along, and what stands on it stays. */
@NullMarked
package io.refreshd.exchange;

import org.jspecify.annotations.NullMarked;
