package io.refreshd.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowWidthCheckIT {
    private static final long MEBIBYTE = 1024 * 1024;

    /** Four rows of 1 MB out of line: 2 MB each as text, and 4 MB in an UPDATE under REPLICA IDENTITY FULL. */
    @Test
    void whatTheHeapCannotHold() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute(
                    "CREATE TABLE main (id int PRIMARY KEY, picture bytea STORAGE EXTERNAL)",
                    "CREATE TABLE other (id int PRIMARY KEY, v text)",
                    "INSERT INTO main SELECT i, convert_to(repeat('x', 1048576), 'UTF8') FROM generate_series(1, 4) AS i",
                    "CREATE MATERIALIZED VIEW v AS SELECT m.id, o.v FROM main m JOIN other o ON m.id = o.id",
                    "ANALYZE main");
            try (Handle handle = Examined.open(database.url())) {
                assertThat(check(handle, 10)).isEmpty();
                assertThat(check(handle, 6)).singleElement().satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(Severity.INFO);
                    assertThat(finding.about()).isEqualTo("public.main");
                    assertThat(finding.what()).contains("holds 4 MB out of line in 4 rows");
                    assertThat(finding.remedy().toString())
                            .startsWith("SELECT max(octet_length(t::text)) FROM \"public\".\"main\"");
                });
                assertThat(check(handle, 1)).singleElement().satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(Severity.WARNING);
                    assertThat(finding.what()).contains("take 2 MB in the log on average");
                    assertThat(finding.remedy().toString()).contains("REFRESHD_JAVA_OPTS=-Xmx64m");
                });
                handle.execute("ALTER TABLE main REPLICA IDENTITY FULL");
                assertThat(check(handle, 10)).as("old and new row").hasSize(1);
                assertThat(check(handle, 20)).isEmpty();
                handle.rollback();
            }
        }
    }

    /** Of a table that was restored, for example, before anybody has counted its rows. */
    @Test
    void aTableOfWhichTheServerKnowsNoNumberOfRows() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute(
                    "CREATE TABLE main (id int PRIMARY KEY, body text STORAGE EXTERNAL)",
                    "SET track_counts = off",
                    "INSERT INTO main VALUES (1, repeat('x', 3145728))",
                    "CREATE TABLE unpublished (id int, body text STORAGE EXTERNAL)",
                    "INSERT INTO unpublished VALUES (1, repeat('x', 3145728))",
                    "CREATE MATERIALIZED VIEW v AS SELECT id FROM main",
                    "CREATE MATERIALIZED VIEW of_unpublished AS SELECT id FROM unpublished");
            try (Handle handle = Examined.open(database.url())) {
                assertThat(check(handle, 2)).singleElement().satisfies(finding -> {
                    assertThat(finding.about()).isEqualTo("public.main");
                    assertThat(finding.what()).contains("holds 3 MB out of line in an unknown number of rows");
                });
                assertThat(check(handle, 4)).isEmpty();
                handle.rollback();
            }
        }
    }

    /** The heap is that of the process: the same database under two of them. */
    @Test
    void theVerbComparesWithItsOwnHeap(@TempDir Path folder) throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute(
                    "CREATE TABLE main (id int PRIMARY KEY, picture bytea STORAGE EXTERNAL)",
                    "INSERT INTO main SELECT i, convert_to(repeat('x', 10485760), 'UTF8') FROM generate_series(1, 2) AS i",
                    "CREATE MATERIALIZED VIEW v AS SELECT id FROM main",
                    "ANALYZE main");
            Path configuration =
                    DaemonProcess.write(folder, RunningDaemon.configuration(database.url(), database.slot(), ""));
            try (DaemonProcess small = DaemonProcess.ofVerb(configuration, List.of("check"), "-Xmx48m");
                    DaemonProcess large = DaemonProcess.ofVerb(configuration, List.of("check"), "-Xmx256m")) {
                small.awaitExit();
                large.awaitExit();
                assertThat(String.join("\n", small.lines()))
                        .contains(
                                "its rows take 20 MB in the log on average; with a heap of 4",
                                "REFRESHD_JAVA_OPTS=-Xmx128m");
                assertThat(String.join("\n", large.lines()))
                        .contains("public.v")
                        .doesNotContain("in the log on average");
            }
        }
    }

    @Test
    void theProposedHeapHoldsTheMessage() {
        Stream.of(1L, 50L, 90L, 200L, 1024L).forEach(message -> {
            String option = RowWidthCheck.option(message * MEBIBYTE);
            long heap = Long.parseLong(option.replaceAll("\\D", "")) * MEBIBYTE;
            assertThat(RowWidthCheck.longestMessage(heap)).as(option).isGreaterThanOrEqualTo(message * MEBIBYTE);
        });
        assertThat(RowWidthCheck.option(90 * MEBIBYTE)).isEqualTo("-Xmx192m");
    }

    /** As measured: 72 MB is read with the launcher's heap, and 76 MB is not. */
    @Test
    void theLaunchersHeap() {
        assertThat(RowWidthCheck.longestMessage(128 * MEBIBYTE)).isBetween(60 * MEBIBYTE, 72 * MEBIBYTE);
    }

    private static List<Finding> check(Handle handle, long longest) throws Exception {
        long heap = (longest + 16) * MEBIBYTE / 2 * 3;
        return new RowWidthCheck(() -> heap).run(Examined.by(handle));
    }
}
