package io.refreshd.audit;

import io.refreshd.catalog.TrustedCode;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** The audit of a view whose definition may run code that is not trusted. */
final class UntrustedViewException extends SQLException {
    private static final long serialVersionUID = 1L;

    private UntrustedViewException(Obstacle obstacle) {
        super("not compared: " + obstacle.what());
    }

    /** A view that does not exist passes. */
    static void check(Handle handle, ViewId view) throws SQLException {
        for (long relation : AuditedView.compared(handle, view)) {
            Optional<Obstacle> obstacle = TrustedCode.obstacle(handle.getConnection(), relation, TrustedCode.Use.AUDIT);
            if (obstacle.isPresent()) {
                throw new UntrustedViewException(obstacle.get());
            }
        }
    }
}
