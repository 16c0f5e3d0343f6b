package io.refreshd.client;

import java.lang.System.Logger;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * Passes changes of views on to listeners. All listeners of one {@link RoleViews} share a connection, which is borrowed for as long as
 * there is one.
 *
 * <p>Failure: if the connection is lost, another one is borrowed, again and again. Then every listener is called once, since messages may
 * have been lost.
 *
 * <p>Thread: any. A daemon thread of its own reads the connection.
 */
final class ChangeWatch {
    private static final Logger log = System.getLogger(ChangeWatch.class.getName());
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final DataSource dataSource;
    private final List<ChangeDelivery> deliveries = new CopyOnWriteArrayList<>();
    private @Nullable Thread reader;

    ChangeWatch(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Returns once the listener would hear of a change, or is sure to be called when the lost connection is back.
     *
     * @param view name of the view as messages spell it
     * @throws ConnectionException if there is no connection
     */
    synchronized Subscription subscribe(String view, Consumer<? super ViewChange> listener) {
        ChangeDelivery delivery = new ChangeDelivery(view, listener);
        if (reader == null || !reader.isAlive()) {
            ChangeSource first = open();
            deliveries.add(delivery);
            Thread started = new Thread(() -> read(first), "refreshd-changes");
            started.setDaemon(true);
            started.start();
            reader = started;
        } else {
            deliveries.add(delivery);
        }
        return () -> {
            delivery.end();
            deliveries.remove(delivery);
        };
    }

    private ChangeSource open() {
        try {
            return ChangeSource.open(dataSource);
        } catch (SQLException e) {
            throw new ConnectionException(e);
        }
    }

    /** Whether the reader shall end, which is decided once: whoever subscribes later starts another one. */
    private synchronized boolean isOver() {
        if (!deliveries.isEmpty() || reader != Thread.currentThread()) {
            return reader != Thread.currentThread();
        }
        reader = null;
        return true;
    }

    private void read(ChangeSource first) {
        ChangeSource source = first;
        while (true) {
            try (ChangeSource open = source) {
                while (!isOver()) {
                    deliver(open.next(views()));
                }
                return;
            } catch (SQLException | RuntimeException e) {
                log.log(Logger.Level.WARNING, "The connection for changes of views was lost, and is opened again", e);
            }
            ChangeSource again = openAgain();
            if (again == null) {
                return;
            }
            source = again;
            deliveries.forEach(delivery -> delivery.deliver(ViewChange.UNKNOWN));
        }
    }

    /** @return null if nobody listens any more */
    private @Nullable ChangeSource openAgain() {
        while (!isOver()) {
            try {
                return ChangeSource.open(dataSource);
            } catch (SQLException | RuntimeException e) {
                log.log(Logger.Level.DEBUG, "No connection for changes of views yet", e);
            }
            LockSupport.parkNanos(RETRY.toNanos());
        }
        return null;
    }

    private Set<String> views() {
        return deliveries.stream().map(ChangeDelivery::view).collect(Collectors.toSet());
    }

    private void deliver(List<ChangeMessage> messages) {
        for (ChangeMessage message : messages) {
            for (ChangeDelivery delivery : deliveries) {
                if (delivery.view().equals(message.view())) {
                    delivery.deliver(message.change());
                }
            }
        }
    }
}
