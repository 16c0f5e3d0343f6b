package io.refreshd.cli;

import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.diagram.Lineage;
import io.refreshd.diagram.Picture;
import io.refreshd.diagram.PictureStates;
import io.refreshd.diagram.PictureSvg;
import io.refreshd.model.Spans;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** The graph of tables and views as a picture, with the freshness that the ledger shows. */
record GraphPicture(Lineage lineage, Picture picture) {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("d MMMM yyyy, HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

    /** @param chosen the views whose surroundings are drawn; empty: all */
    static GraphPicture of(ViewGraph graph, Collection<ViewId> chosen) {
        Map<TableId, Set<ViewId>> readers = new HashMap<>();
        for (TableId table : graph.tables().keySet()) {
            readers.put(table, graph.readersOf(table).stream().map(Reader::view).collect(Collectors.toSet()));
        }
        Set<ViewId> views = graph.views().keySet();
        Lineage all = Lineage.of(
                views, readers, views.stream().collect(Collectors.toMap(Function.identity(), graph::upstreamOf)));
        Lineage lineage = chosen.isEmpty() ? all : all.around(chosen);
        return new GraphPicture(lineage, Picture.of(lineage));
    }

    /** What is missing from the picture; empty if nothing is. */
    Optional<String> missing() {
        return PictureSvg.missing(picture);
    }

    boolean isEmpty() {
        return picture.drawn() == 0;
    }

    String svg(Handle handle, Configuration configuration) throws SQLException {
        String database = handle.createQuery("SELECT current_database()")
                .mapTo(String.class)
                .one();
        String title = "Tables and views of database " + database;
        if (!LedgerStatus.ledgerExists(handle)) {
            return svg(Map.of(), title, "refreshd has not run here: freshness is not known");
        }
        LedgerStatus status = LedgerStatus.read(handle, configuration.capture().slot())
                .with(CatalogObstacles.read(handle, configuration));
        Map<ViewId, PictureStates.State> states = new HashMap<>();
        status.views().forEach(row -> phase(row).ifPresent(phase -> states.put(row.view(), state(row, phase))));
        return svg(
                states,
                title,
                "As of " + time(status.at())
                        + (status.isDaemonAway(HeartbeatTimeout.of(configuration))
                                ? "; the daemon is away, and this is what it wrote last"
                                : ""));
    }

    private String svg(Map<ViewId, PictureStates.State> states, String title, String subtitle) {
        return PictureSvg.file(lineage, picture, new PictureStates(states, Set.of(), view -> ""), title, subtitle);
    }

    private static PictureStates.State state(FreshnessRow row, ViewPhase phase) {
        String word = row.state().equals("unpopulated") ? row.state() : phase.word();
        return new PictureStates.State(
                phase, word + (row.staleness().isZero() ? "" : ", " + Spans.inWords(row.staleness()) + " behind"));
    }

    /** Empty if the view was dropped: then it is not in the graph either. */
    private static Optional<ViewPhase> phase(FreshnessRow row) {
        if (row.state().equals("unpopulated")) {
            return Optional.of(ViewPhase.SUSPENDED);
        }
        if (row.refreshingFor().isPresent()) {
            return Optional.of(ViewPhase.REFRESHING);
        }
        return Arrays.stream(ViewPhase.values())
                .filter(phase -> phase.word().equals(row.state()))
                .findFirst();
    }

    private static String time(Instant at) {
        return TIME.format(at);
    }
}
