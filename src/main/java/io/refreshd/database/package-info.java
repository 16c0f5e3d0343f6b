/**
 * Every connection to the database, with its session settings, and the words for what goes wrong on one. Used by all packages
 * that talk to the server; knows the configuration alone.
 */
@NullMarked
package io.refreshd.database;

import org.jspecify.annotations.NullMarked;
