/** What the daemon tells the world about itself: facts as they happen, and its state at one moment. Pure. */
@NullMarked
package io.refreshd.report;

import org.jspecify.annotations.NullMarked;
