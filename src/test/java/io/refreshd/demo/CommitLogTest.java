package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommitLogTest {
    private final CommitLog log = new CommitLog();

    @Test
    void countsWhatTheWatermarkCovers() {
        log.committed(new Lsn(10), List.of(DemoSchema.ROLE_A));
        log.committed(new Lsn(20), List.of(DemoSchema.ROLE_A, DemoSchema.ROLE_B));
        log.committed(new Lsn(30), List.of());

        assertThat(log.commits()).isEqualTo(3);
        assertThat(log.newest()).isEqualTo(new Lsn(30));
        assertThat(log.affecting(DemoSchema.ROLE_A)).isEqualTo(2);
        assertThat(log.covered(DemoSchema.ROLE_A, new Lsn(9))).isZero();
        assertThat(log.covered(DemoSchema.ROLE_A, new Lsn(10))).isEqualTo(1);
        assertThat(log.covered(DemoSchema.ROLE_A, new Lsn(25))).isEqualTo(2);
        assertThat(log.covered(DemoSchema.ROLE_C, new Lsn(25))).isZero();
    }
}
