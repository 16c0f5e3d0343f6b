/**
 * The life of the process: what is started and stopped, in which order, and the periodic tasks beside the stream. Knows all other
 * packages but {@code cli} and {@code demo}.
 */
@NullMarked
package io.refreshd.daemon;

import org.jspecify.annotations.NullMarked;
