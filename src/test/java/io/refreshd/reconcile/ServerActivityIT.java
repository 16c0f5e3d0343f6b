package io.refreshd.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.TestDatabase;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;

class ServerActivityIT {
    @Test
    void aServerRestsWhileNoTransactionHasAnId() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                TestDatabase elsewhere = TestDatabase.create();
                Handle reader = database.open();
                Handle writer = elsewhere.open()) {
            Optional<String> before = idle(reader);
            writer.begin();
            writer.execute("SELECT pg_current_xact_id()");
            assertThat(ServerActivity.read(reader).idle())
                    .as("no snapshot shows the transaction: none with a later id has ended")
                    .isEmpty();
            writer.rollback();
            Optional<String> after = idle(reader);
            assertThat(after).isNotEqualTo(before);
            writer.execute("SELECT pg_logical_emit_message(false, 'nothing', '')");
            assertThat(idle(reader)).as("a message has no id").isEqualTo(after);
            String loaded = ServerActivity.read(reader).settingsLoaded();
            writer.execute("SELECT pg_reload_conf()");
            await().until(() -> !ServerActivity.read(reader).settingsLoaded().equals(loaded));
            assertThat(idle(reader)).as("other settings are another state").isNotEqualTo(after);
        }
    }

    /** Autovacuum may run now and then. */
    private static Optional<String> idle(Handle handle) {
        await().until(() -> ServerActivity.read(handle).idle().isPresent()
                && ServerActivity.read(handle).equals(ServerActivity.read(handle)));
        return ServerActivity.read(handle).idle();
    }
}
