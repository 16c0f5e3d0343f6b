package io.refreshd.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LsnTest {
    @Test
    void readsAndWritesTheTextFormOfPostgres() {
        assertThat(Lsn.parse("16/B374D848")).isEqualTo(new Lsn(0x16B374D848L)).hasToString("16/B374D848");
        assertThat(Lsn.parse("0/0")).isEqualTo(Lsn.ZERO).hasToString("0/0");
        assertThatThrownBy(() -> Lsn.parse("16B374D848")).hasMessageContaining("16B374D848");
    }

    @Test
    void ordersAsUnsigned() {
        assertThat(Lsn.parse("FFFFFFFF/0")).isGreaterThan(Lsn.parse("1/0"));
        assertThat(Lsn.parse("1/0").max(Lsn.parse("0/FFFFFFFF"))).isEqualTo(Lsn.parse("1/0"));
    }
}
