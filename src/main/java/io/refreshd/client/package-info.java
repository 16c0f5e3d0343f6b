/** The client library for reading role views: typed rows, details, pages, refresh on demand and read-your-writes. */
@NullMarked
package io.refreshd.client;

import org.jspecify.annotations.NullMarked;
