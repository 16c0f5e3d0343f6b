/** The command line: one class per verb, named exit codes, and messages instead of stack traces. */
@NullMarked
package io.refreshd.cli;

import org.jspecify.annotations.NullMarked;
