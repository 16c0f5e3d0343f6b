package io.refreshd.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.capture.ChangeSource;
import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.database.ConnectionPools;
import io.refreshd.model.Moment;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nobody listens at the address of its database. */
class StreamSupervisorTest implements StreamEvents, StreamSupervisor.Endings {
    private final List<Notice> notices = new CopyOnWriteArrayList<>();
    private final List<Throwable> fatal = new CopyOnWriteArrayList<>();
    private final AtomicInteger attempts = new AtomicInteger();
    private final AtomicInteger reported = new AtomicInteger();
    private volatile Optional<Error> inAttempt = Optional.empty();
    private volatile Optional<Error> inReport = Optional.empty();

    private final Configuration configuration = configuration();
    private final ConnectionPools connections = ConnectionPools.of(configuration.database(), 1);
    private final StreamSupervisor supervisor = new StreamSupervisor(
            configuration,
            connections,
            new Surroundings(
                    notices::add,
                    () -> new Moment(System.nanoTime(), Instant.now()),
                    fatal::add,
                    () -> {},
                    StartPermits.UNBOUNDED),
            this,
            this::session,
            this);

    private static Configuration configuration() {
        try {
            return ConfigurationReader.read(
                    "database: { url: \"jdbc:postgresql://127.0.0.1:1/none\", user: nobody }", "test.yaml", Map.of());
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private Optional<DatabaseSession> session() {
        attempts.incrementAndGet();
        inAttempt.ifPresent(StreamSupervisorTest::raise);
        return Optional.empty();
    }

    private static void raise(Error error) {
        throw error;
    }

    @AfterEach
    void close() {
        supervisor.close();
        connections.close();
    }

    @Test
    void anErrorOfAnAttemptIsReportedAndTheNextOneFollows() {
        StackOverflowError error = new StackOverflowError();
        inAttempt = Optional.of(error);
        supervisor.start();
        await().until(() -> attempts.get() > 1);
        assertThat(notices).contains(new Notice.ErrorCaught("refreshd-supervisor", error));
        assertThat(fatal).isEmpty();
        assertThat(supervisor.isDead()).isFalse();
    }

    @Test
    void withoutMemoryTheProcessEnds() {
        inAttempt = Optional.of(new OutOfMemoryError());
        supervisor.start();
        await().until(() -> !fatal.isEmpty());
        assertThat(fatal).containsExactly(inAttempt.get());
        await().until(supervisor::isDead);
    }

    @Test
    void anErrorWhileAFailureIsReportedEndsTheProcess() {
        inReport = Optional.of(new StackOverflowError());
        supervisor.start();
        await().until(() -> !fatal.isEmpty());
        assertThat(fatal).containsExactly(inReport.get());
        assertThat(reported).hasValue(1);
        await().until(supervisor::isDead);
        supervisor.close();
        assertThat(supervisor.isDead()).as("closed").isFalse();
    }

    @Override
    public boolean refused(PrerequisitesMissingException refusal) {
        throw new AssertionError(refusal);
    }

    @Override
    public void failed(String detail) {
        reported.incrementAndGet();
        inReport.ifPresent(StreamSupervisorTest::raise);
    }

    @Override
    public void fatal(Throwable problem) {
        fatal.add(problem);
    }

    @Override
    public void phase(StreamPhase phase, String detail) {}

    @Override
    public void session(Optional<DatabaseSession> session) {}

    @Override
    public void capture(ChangeSource run) {}
}
