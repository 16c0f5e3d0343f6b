package io.refreshd.doctor;

import io.refreshd.capture.CaptureSettings;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import java.time.Instant;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;

/**
 * What an examination may look at: a read-only transaction, and what was read in it already.
 *
 * @param wall this machine's clock, to be compared with the server's
 */
record ExaminedDatabase(
        Handle handle,
        Configuration configuration,
        CaptureSettings capture,
        Catalog catalog,
        ViewGraph graph,
        int version,
        Supplier<Instant> wall) {}
