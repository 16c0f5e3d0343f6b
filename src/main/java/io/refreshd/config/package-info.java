/** The configuration: records, and a strict reader that reports all problems at once. Pure except for reading files. */
@NullMarked
package io.refreshd.config;

import org.jspecify.annotations.NullMarked;
