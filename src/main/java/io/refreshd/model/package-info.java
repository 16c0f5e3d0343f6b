/**
 * The records that pass between packages: names, WAL positions and snapshots, changes, refreshes and their outcomes. Each validates
 * itself. Pure: uses nothing but the JDK.
 */
@NullMarked
package io.refreshd.model;

import org.jspecify.annotations.NullMarked;
