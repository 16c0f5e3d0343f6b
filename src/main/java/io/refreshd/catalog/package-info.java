/**
 * The dependency graph of a database's materialized views, and what their queries allow to conclude from a change.
 *
 * <ul>
 *   <li>{@link io.refreshd.catalog.CatalogReader} reads {@code pg_catalog} into a {@link io.refreshd.catalog.Catalog}: plain
 *       records, one for each row. Only the reader, {@code CatalogQueries} and {@code CatalogSql} touch the database; all other
 *       classes are pure.
 *   <li>{@link io.refreshd.catalog.ViewGraph} is made from a catalog by {@code GraphBuilder}. For each materialized view it says
 *       which tables the view reads ({@code ViewSources}), what stands in the way of a refresh ({@code RefreshObstacles}), which
 *       sources the log does not show ({@code UntrackedSources}), and which other materialized views it reads
 *       ({@code ViewDependencies}).
 *   <li>{@link io.refreshd.catalog.ChangeFilter} says, for a table and a view, how a change of the table can be found not to have
 *       altered the view. {@code DiscriminatorAnalysis} and {@code LookupAnalysis} derive it from the query trees that the server
 *       stores; {@code NodeTree} parses those. SQL is never parsed.
 * </ul>
 *
 * <p>Invariant: where a query is not understood, the result is the one that leads to more refreshes, never to fewer.
 */
@NullMarked
package io.refreshd.catalog;

import org.jspecify.annotations.NullMarked;
