/** The whole daemon on a real server, as a user meets it: started, watched, cut off, stopped. */
@NullMarked
package io.refreshd.acceptance;

import org.jspecify.annotations.NullMarked;
