package io.refreshd.refresh;

import io.refreshd.model.Method;
import io.refreshd.model.ViewChange;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages to subscribers that rows of a view changed, sent by {@code NOTIFY} in the transaction that writes the refresh to the ledger.
 *
 * <p>Invariant: whoever listens is told exactly if that transaction commits, and then finds in {@code refreshd.freshness} what the
 * message says.
 *
 * <p>Failure: a session that listens and stays in a transaction keeps all messages in the server's queue, and a commit that finds
 * the queue full fails. So nothing is sent while the queue is more than half full, and the next message that is sent makes up for it.
 *
 * <p>Thread: any.
 */
final class ViewNotifications {
    private static final Logger log = LoggerFactory.getLogger(ViewNotifications.class);

    static final String CHANNEL = "refreshd";
    private static final double FULLEST_QUEUE = 0.5;

    private final Predicate<ViewId> wanted;
    private final Consumer<ViewChange> listener;
    /** By oid: views of which a message was not sent. */
    private final Map<Long, Changed> unsent = new ConcurrentHashMap<>();

    private final AtomicBoolean full = new AtomicBoolean();

    /**
     * @param wanted which views have subscribers
     * @param listener hears of each change whose transaction has committed
     */
    ViewNotifications(Predicate<ViewId> wanted, Consumer<ViewChange> listener) {
        this.wanted = wanted;
        this.listener = listener;
    }

    /** @param rows how many rows were added, removed or replaced; empty if that is not known */
    record Changed(ViewId view, long oid, Method method, Optional<Long> rows) {
        private Changed withoutRows() {
            return new Changed(view, oid, method, Optional.empty());
        }
    }

    /**
     * A message in a transaction that has not committed yet.
     *
     * @param late whether it makes up for one that was not sent
     */
    record Message(Changed changed, ViewChange change, boolean late) {}

    boolean isWanted(ViewId view) {
        return wanted.test(view);
    }

    /** The caller has written the refresh to the ledger. */
    List<Message> send(Handle transaction, List<Changed> changed) {
        List<Changed> all = new ArrayList<>(
                changed.stream().filter(each -> isWanted(each.view())).toList());
        int present = all.size();
        if (all.isEmpty()) {
            return List.of();
        }
        unsent.forEach((oid, late) -> {
            if (all.stream().noneMatch(each -> each.oid() == oid)) {
                all.add(late);
            }
        });
        return transaction
                .createQuery("""
                        WITH message AS MATERIALIZED (
                            SELECT n.number,
                                   pg_catalog.json_build_object(
                                       'view', n.view,
                                       'watermark', (SELECT f.watermark FROM refreshd.freshness f WHERE f.view_oid = n.oid),
                                       'rows', n.changed,
                                       'method', n.method)::text AS json
                            -- In sub-queries, so that the server keeps one plan for all values.
                            FROM unnest((SELECT CAST(:oids AS oid[])), (SELECT CAST(:views AS text[])),
                                        (SELECT CAST(:rows AS int8[])), (SELECT CAST(:methods AS text[])))
                                 WITH ORDINALITY AS n (oid, view, changed, method, number)
                        ), queue AS MATERIALIZED (
                            SELECT pg_catalog.pg_notification_queue_usage() <= :fullest AS has_room
                        )
                        -- The server takes no message of 8,000 bytes or more. Names of 63 bytes do not come near.
                        SELECT m.number, m.json,
                               CASE WHEN q.has_room AND octet_length(m.json) < 8000
                                    THEN pg_catalog.pg_notify(:channel, m.json)::text END IS NOT NULL AS sent
                        FROM message m CROSS JOIN queue q
                        ORDER BY m.number
                        """)
                .bind("oids", texts(all, each -> String.valueOf(each.oid())))
                .bind("views", texts(all, each -> each.view().toString()))
                .bind(
                        "rows",
                        texts(all, each -> each.rows().map(String::valueOf).orElse(null)))
                .bind("methods", texts(all, each -> each.method().name().toLowerCase(Locale.ROOT)))
                .bind("fullest", FULLEST_QUEUE)
                .bind("channel", CHANNEL)
                .map((row, context) -> {
                    int number = row.getInt("number");
                    Changed each = all.get(number - 1);
                    return new Message(
                            each,
                            new ViewChange(each.view(), row.getString("json"), row.getBoolean("sent")),
                            number > present);
                })
                .list();
    }

    private static @Nullable String[] texts(List<Changed> changed, Function<Changed, @Nullable String> column) {
        return changed.stream().map(column).toArray(String[]::new);
    }

    /** The transaction of these messages has committed. */
    void committed(List<Message> messages) {
        for (Message message : messages) {
            Changed changed = message.changed();
            if (message.change().sent()) {
                unsent.remove(changed.oid());
            } else {
                unsent.put(changed.oid(), changed.withoutRows());
            }
            if (!message.late()) {
                listener.accept(message.change());
            }
        }
        if (!messages.isEmpty()) {
            logQueue(messages.stream().allMatch(message -> message.change().sent()));
        }
    }

    private void logQueue(boolean hasRoom) {
        if (hasRoom && full.compareAndSet(true, false)) {
            log.atInfo().log("The server's queue of notifications has room again: NOTIFY is sent");
        } else if (!hasRoom && full.compareAndSet(false, true)) {
            log.atWarn()
                    .addKeyValue("channel", CHANNEL)
                    .addKeyValue(
                            "remedy",
                            "end the session that listens and stays in a transaction: SELECT pid, usename, application_name,"
                                    + " xact_start FROM pg_stat_activity ORDER BY xact_start")
                    .log("No NOTIFY is sent while the server's queue of notifications is more than half full");
        }
    }
}
