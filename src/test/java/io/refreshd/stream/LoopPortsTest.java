package io.refreshd.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.config.ConfigurationReader;
import io.refreshd.ingest.LowWatermark;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.model.Failure;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.refresh.RoutedCatalog;
import io.refreshd.report.Notice;
import io.refreshd.testing.TaskBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopPortsTest {
    private static final RefreshTask TASK = new TaskBuilder(new ViewId("public", "v"), 1, Method.CONCURRENT).build();

    private final List<Notice> notices = new ArrayList<>();

    private RefreshOutcome refresh(Error error) throws Exception {
        Jdbi failing = Jdbi.create(() -> {
            throw error;
        });
        LoopPorts ports = new LoopPorts(
                new LeasedLedger(failing, 1),
                new LowWatermark(),
                ConfigurationReader.read(
                                "database: { url: \"jdbc:postgresql://127.0.0.1:1/none\", user: nobody }",
                                "test.yaml",
                                Map.of())
                        .refresh(),
                view -> false,
                new RoutedCatalog(failing, () -> {}),
                new Surroundings(
                        notices::add,
                        () -> new Moment(System.nanoTime(), Instant.now()),
                        fatal -> {},
                        () -> {},
                        StartPermits.UNBOUNDED));
        return ports.ports().refresher().refresh(TASK, (position, patience) -> Optional.empty());
    }

    /** The view is tried again; the loop, which would end the process, does not hear of it. */
    @ParameterizedTest
    @ValueSource(classes = {StackOverflowError.class, NoClassDefFoundError.class, AssertionError.class})
    void anErrorIsAFailureOfThisRefresh(Class<? extends Error> kind) throws Exception {
        Error error = kind.getDeclaredConstructor().newInstance();
        assertThat(refresh(error)).isInstanceOfSatisfying(RefreshOutcome.Failed.class, failed -> {
            assertThat(failed.failure().kind()).isEqualTo(Failure.Kind.TRANSIENT);
            assertThat(failed.failure().what()).contains(kind.getSimpleName());
        });
        assertThat(notices).containsExactly(new Notice.ErrorCaught("refresh", error));
    }

    @Test
    void withoutMemoryTheProcessEnds() {
        assertThatThrownBy(() -> refresh(new OutOfMemoryError())).isInstanceOf(OutOfMemoryError.class);
    }
}
