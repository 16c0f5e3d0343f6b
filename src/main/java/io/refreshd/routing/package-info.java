/**
 * Decides which views a change affects, by table, then by column ({@code TableRoutes}), then by value ({@code DiscriminatorRoutes}).
 * Pure.
 */
@NullMarked
package io.refreshd.routing;

import org.jspecify.annotations.NullMarked;
