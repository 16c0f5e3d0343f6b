/** What an application uses to read role views: typed rows, details, pages, refreshing on demand and read-your-writes. */
@NullMarked
package io.refreshd.client;

import org.jspecify.annotations.NullMarked;
