/** The configuration: records, and a strict reader that reports every problem at once. Pure but for reading files. */
@NullMarked
package io.refreshd.config;

import org.jspecify.annotations.NullMarked;
