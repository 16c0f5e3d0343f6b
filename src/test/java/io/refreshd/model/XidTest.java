package io.refreshd.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class XidTest {
    private static final long EPOCH = 1L << 32;

    @Test
    void widensToTheNearestId() {
        assertThat(Xid.widen(700, new Xid(800))).isEqualTo(new Xid(700));
        assertThat(Xid.widen(900, new Xid(800))).isEqualTo(new Xid(900));
        assertThat(Xid.widen(900, new Xid(3 * EPOCH + 800))).isEqualTo(new Xid(3 * EPOCH + 900));
    }

    @Test
    void widensAcrossTheWraparound() {
        assertThat(Xid.widen(EPOCH - 5, new Xid(2 * EPOCH + 10))).isEqualTo(new Xid(2 * EPOCH - 5));
        assertThat(Xid.widen(3, new Xid(2 * EPOCH - 10))).isEqualTo(new Xid(2 * EPOCH + 3));
    }

    @Test
    void readsNegativeIntegersAsUnsigned() {
        assertThat(Xid.widen(-5, new Xid(EPOCH))).isEqualTo(new Xid(EPOCH - 5));
    }

    @Test
    void neverGoesBelowTheFirstEpoch() {
        assertThat(Xid.widen(EPOCH - 5, new Xid(10))).isEqualTo(new Xid(EPOCH - 5));
    }
}
