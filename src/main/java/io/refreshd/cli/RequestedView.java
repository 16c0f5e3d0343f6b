package io.refreshd.cli;

import io.refreshd.model.ViewId;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * The part of a view's ledger row that a request to the daemon changes.
 *
 * @param lastRefresh id of the view's newest row in the history; 0 if there is none
 */
record RequestedView(ViewId view, long oid, String state, boolean paused, long lastRefresh, Optional<String> reason) {

    static Map<ViewId, RequestedView> read(Handle handle) {
        return handle
                .createQuery("""
                        SELECT f.view_schema, f.view_name, f.view_oid, f.state, f.reason, s.paused,
                               (SELECT coalesce(max(h.id), 0) FROM refreshd.refresh_history h
                                WHERE (h.view_schema, h.view_name) = (f.view_schema, f.view_name)) AS last
                        FROM refreshd.freshness f
                        JOIN refreshd.view_state s USING (view_schema, view_name)
                        """)
                .map((row, context) -> new RequestedView(
                        new ViewId(row.getString("view_schema"), row.getString("view_name")),
                        row.getLong("view_oid"),
                        row.getString("state"),
                        row.getBoolean("paused"),
                        row.getLong("last"),
                        Optional.ofNullable(row.getString("reason"))))
                .stream()
                .collect(Collectors.toMap(RequestedView::view, view -> view));
    }

    /**
     * The end of a refresh.
     *
     * @param failure empty if the refresh succeeded
     */
    record Ended(ViewId view, Optional<String> failure) {}

    /**
     * For each view, the first refresh that ended after {@code before} was read and began after the request. A refresh that was
     * already running may not contain what the requester has just committed.
     *
     * @param since time of the request, by the server's clock
     */
    static Map<ViewId, Ended> ended(Handle handle, Collection<RequestedView> before, String since) {
        return handle
                .createQuery("""
                        SELECT DISTINCT ON (h.view_schema, h.view_name) h.view_schema, h.view_name,
                               CASE WHEN h.outcome <> 'refreshed' THEN coalesce(h.detail, h.outcome) || coalesce(': ' || f.server_message, '')
                               END AS failure
                        FROM unnest(:schemas, :names, CAST(:last AS bigint[])) AS b (schema, name, last)
                        JOIN refreshd.refresh_history h
                          ON (h.view_schema, h.view_name) = (b.schema, b.name) AND h.id > b.last
                         AND h.finished_at - h.duration >= CAST(:since AS timestamptz)
                        LEFT JOIN refreshd.freshness f ON (f.view_schema, f.view_name) = (h.view_schema, h.view_name)
                        ORDER BY h.view_schema, h.view_name, h.id
                        """)
                .bind("schemas", before.stream().map(v -> v.view().schema()).toArray(String[]::new))
                .bind("names", before.stream().map(v -> v.view().name()).toArray(String[]::new))
                .bind("last", before.stream().map(RequestedView::lastRefresh).toArray(Long[]::new))
                .bind("since", since)
                .map((row, context) -> new Ended(
                        new ViewId(row.getString("view_schema"), row.getString("view_name")),
                        Optional.ofNullable(row.getString("failure"))))
                .stream()
                .collect(Collectors.toMap(Ended::view, ended -> ended));
    }
}
