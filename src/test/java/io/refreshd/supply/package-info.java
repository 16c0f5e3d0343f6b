/** What is published: its bill of materials, and the workflows that build it. */
@NullMarked
package io.refreshd.supply;

import org.jspecify.annotations.NullMarked;
