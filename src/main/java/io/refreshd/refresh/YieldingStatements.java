package io.refreshd.refresh;

import io.refreshd.database.StatementWatch;
import io.refreshd.model.Moment;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/**
 * Runs audits and the creation of role views so that they give way like refreshes. An audit gives way to a refresh as well.
 *
 * <p>Thread: thread-safe.
 */
public final class YieldingStatements implements StatementWatch {
    private final LockPatience patience;
    private final RunningStatements running;

    /** @param limits of one statement, and the patience; without a patience nothing gives way */
    public YieldingStatements(RefreshLimits limits, Jdbi jdbi, Supplier<Moment> clock) {
        this.patience = new LockPatience(limits.patience());
        this.running = new RunningStatements(limits.statement(), patience, jdbi, clock);
    }

    @Override
    public <T> T run(Handle handle, String subject, Work<T> work) throws SQLException {
        try {
            T result = running.track(handle, subject, work::run);
            patience.reset(subject);
            return result;
        } catch (GaveWayException e) {
            Duration before = patience.of(subject);
            patience.gaveWay(subject, e.conflict());
            throw e.error(before);
        } catch (InterruptedException e) {
            throw new IllegalStateException("the work does not wait", e);
        } catch (JdbiException e) {
            if (e.getCause() instanceof SQLException cause) {
                throw cause;
            }
            throw e;
        }
    }
}
