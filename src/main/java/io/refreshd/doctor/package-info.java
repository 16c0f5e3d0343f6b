/**
 * The checks behind {@code refreshd check}: what keeps refreshd from working with a database, what makes it slow or unsafe, and
 * the SQL that is the remedy. {@code run} and {@code init} use the same requirements.
 */
@NullMarked
package io.refreshd.doctor;

import org.jspecify.annotations.NullMarked;
