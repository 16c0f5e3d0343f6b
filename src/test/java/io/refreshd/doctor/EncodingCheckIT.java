package io.refreshd.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestDatabase;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EncodingCheckIT {
    @ParameterizedTest
    @CsvSource({"SQL_ASCII, WARNING", "WIN1252, INFO", "EUC_JP, INFO", "LATIN1,", "UTF8,"})
    void anEncodingWithBytesThatUtf8Lacks(String encoding, Severity severity) throws Exception {
        try (TestDatabase admin = TestDatabase.create()) {
            String name = admin.name() + "_encoded";
            admin.execute("CREATE DATABASE " + name + " ENCODING '" + encoding
                    + "' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc");
            try (Handle handle = Examined.open(TestDatabase.server().url(name))) {
                List<Finding> findings = new EncodingCheck().run(Examined.by(handle));
                assertThat(findings.stream().map(Finding::severity).findFirst()).isEqualTo(Optional.ofNullable(severity));
                assertThat(findings).allSatisfy(finding -> {
                    assertThat(finding.code()).isEqualTo("encoding");
                    assertThat(finding.what()).contains(encoding);
                });
                assertThat(handle.createQuery("SELECT 1").mapTo(Integer.class).one())
                        .as("the transaction goes on")
                        .isEqualTo(1);
            } finally {
                admin.execute("DROP DATABASE " + name + " WITH (FORCE)");
            }
        }
    }
}
