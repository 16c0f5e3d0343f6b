package io.refreshd.doctor;

import io.refreshd.capture.CaptureSettings;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import java.time.Instant;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;

/**
 * The input of a check: a read-only transaction, and the catalog and graph as read in it.
 *
 * @param capture the settings with which {@code run} would capture
 * @param version the server's major version
 * @param wall this machine's clock, compared with the server's
 */
record ExaminedDatabase(
        Handle handle,
        Configuration configuration,
        CaptureSettings capture,
        Catalog catalog,
        ViewGraph graph,
        int version,
        Supplier<Instant> wall) {}
