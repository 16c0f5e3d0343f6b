package io.refreshd.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class LedgerSchemaTest {
    /** A ledger that has the newest version already would never get the changed script. */
    @Test
    void aChangedScriptNeedsANewVersion() throws IOException {
        CRC32 sum = new CRC32();
        for (String name : new String[] {"upgrade.sql", "schema.sql", "surface.sql"}) {
            try (InputStream script = Objects.requireNonNull(LedgerSchema.class.getResourceAsStream(name))) {
                sum.update(script.readAllBytes());
            }
        }
        assertThat("version %d: %08x".formatted(LedgerSchema.NEWEST, sum.getValue()))
                .as("once a version is released, a change of its scripts needs the next number; then set this value")
                .isEqualTo("version 5: 7ade4ae7");
    }
}
