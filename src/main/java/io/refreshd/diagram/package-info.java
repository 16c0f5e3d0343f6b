/** The dependency graph of tables and views as a picture: layout and SVG. Pure. */
@NullMarked
package io.refreshd.diagram;

import org.jspecify.annotations.NullMarked;
