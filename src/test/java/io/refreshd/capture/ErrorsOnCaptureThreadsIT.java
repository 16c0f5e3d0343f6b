package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.model.Batch;
import io.refreshd.model.Interest;
import io.refreshd.model.Lsn;
import io.refreshd.model.Receipt;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.testing.TestTimeout;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An Error on any thread of a run ends the run, with the Error as its cause: it does not leave the run silent. */
class ErrorsOnCaptureThreadsIT {
    private static final Class<?>[] NONE = {};

    private CaptureFixture fixture;

    @BeforeEach
    void create() throws Exception {
        fixture = new CaptureFixture();
        fixture.database.execute("CREATE TABLE t (id int PRIMARY KEY)");
        fixture.publish("t");
    }

    @AfterEach
    void close() throws Exception {
        fixture.close();
    }

    private static void raise(Class<? extends Error> kind) throws Exception {
        throw kind.getDeclaredConstructor(NONE).newInstance();
    }

    private void assertEndsWith(PgoutputChangeSource run, Class<? extends Error> kind) throws Exception {
        fixture.database.execute("INSERT INTO t VALUES (1)");
        assertThatThrownBy(() -> TestTimeout.get(run.ended()))
                .isInstanceOf(ExecutionException.class)
                .hasRootCauseInstanceOf(kind);
        await().until(() -> fixture.slot().activePid().isEmpty());
    }

    /** The engine's polling thread. */
    @ParameterizedTest
    @ValueSource(classes = {StackOverflowError.class, OutOfMemoryError.class, NoClassDefFoundError.class})
    void whereBatchesAreHandled(Class<? extends Error> kind) throws Exception {
        RecordingHandler handler = fixture.handler();
        handler.before(() -> {
            raise(kind);
            return true;
        });
        assertEndsWith(fixture.start(handler), kind);
    }

    /** The engine's polling thread, after the batch was taken in. */
    @ParameterizedTest
    @ValueSource(classes = {StackOverflowError.class})
    void whereAPositionIsRouted(Class<? extends Error> kind) throws Exception {
        RecordingHandler handler = fixture.handler();
        assertEndsWith(
                fixture.start(new BatchHandler() {
                    @Override
                    public Receipt handle(Batch batch) throws Exception {
                        return handler.handle(batch);
                    }

                    @Override
                    public void routedTo(Lsn position, Snapshot snapshot) {
                        throw new StackOverflowError();
                    }
                }),
                kind);
    }

    /** The thread that reads the stream and decodes it. */
    @ParameterizedTest
    @ValueSource(classes = {StackOverflowError.class, OutOfMemoryError.class, NoClassDefFoundError.class})
    void whereTheStreamIsDecoded(Class<? extends Error> kind) throws Exception {
        RecordingHandler handler = fixture.handler();
        assertEndsWith(
                fixture.start(new BatchHandler() {
                    @Override
                    public Interest interestIn(TableId table) {
                        try {
                            raise(kind);
                        } catch (Exception e) {
                            throw new AssertionError(e);
                        }
                        throw new AssertionError("raised");
                    }

                    @Override
                    public Receipt handle(Batch batch) throws Exception {
                        return handler.handle(batch);
                    }

                    @Override
                    public void routedTo(Lsn position, Snapshot snapshot) {
                        handler.routedTo(position, snapshot);
                    }
                }),
                kind);
    }
}
