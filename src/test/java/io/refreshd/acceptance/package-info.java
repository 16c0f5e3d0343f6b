/** Tests of the whole daemon on a real server. */
@NullMarked
package io.refreshd.acceptance;

import org.jspecify.annotations.NullMarked;
