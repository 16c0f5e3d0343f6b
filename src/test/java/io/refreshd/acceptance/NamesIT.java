package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.testing.DaemonProcess;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Names that need quoting, through the whole daemon: log, catalog, refresh, ledger, metrics, status. */
class NamesIT {
    private static final List<TableId> VIEWS = List.of(
            new TableId("public", "plain"),
            new TableId("Other Schema", "plain"),
            new TableId("public", "Mixed Case"),
            new TableId("public", "MIXED CASE"),
            new TableId("public", "dot.ted"),
            new TableId("public.dot", "ted"),
            new TableId("qu\"ote", "it's \"quoted\""),
            new TableId("public", "back\\slash {brace} $1 %s :name ?"),
            new TableId("größe", "naïve 表 🙂"),
            new TableId("public", "select"),
            new TableId("public", "x".repeat(63)),
            new TableId("public", "ü".repeat(31) + "x"));

    @Test
    void anyNameWorks() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            for (TableId view : VIEWS) {
                TableId table = new TableId(view.schema(), "_" + view.name().substring(1));
                String column = SqlNames.identifier(view.name());
                database.execute(
                        "CREATE SCHEMA IF NOT EXISTS " + SqlNames.identifier(view.schema()),
                        "CREATE TABLE " + SqlNames.qualified(table) + " (" + column + " int PRIMARY KEY)",
                        "CREATE MATERIALIZED VIEW " + SqlNames.qualified(view) + " AS SELECT " + column + " FROM "
                                + SqlNames.qualified(table),
                        "CREATE UNIQUE INDEX ON " + SqlNames.qualified(view) + " (" + column + ")");
            }
            try (RunningDaemon daemon = RunningDaemon.start(RunningDaemon.configuration(
                            database.url(), database.slot(), "views: { include: ['*.*'], quiet-period: 50ms }")
                    .replace("capture:", "capture:\n  publication: 'Pub \"of\" größe'"))) {
                daemon.awaitFresh();
                for (TableId view : VIEWS) {
                    TableId table = new TableId(view.schema(), "_" + view.name().substring(1));
                    database.execute("INSERT INTO " + SqlNames.qualified(table) + " VALUES (42)");
                }
                for (TableId view : VIEWS) {
                    await(view.toString())
                            .untilAsserted(() -> assertThat(database.query("TABLE " + SqlNames.qualified(view)))
                                    .containsExactly("42"));
                }
                daemon.awaitFresh();
                assertThat(database.query("SELECT format('%I.%I', view_schema, view_name) FROM refreshd.freshness"
                                + " WHERE state = 'fresh' AND watermark IS NOT NULL"
                                + " AND view_oid = format('%I.%I', view_schema, view_name)::regclass"))
                        .hasSize(VIEWS.size());
                int port = daemon.daemon().httpPort();
                JsonNode status = new ObjectMapper().readTree(DaemonProcess.get(port, "/status"));
                assertThat(status.findValuesAsText("view")).containsAll(names());
                String metrics = DaemonProcess.get(port, "/metrics");
                for (String name : names()) {
                    String label = name.replace("\\", "\\\\").replace("\"", "\\\"");
                    assertThat(metrics).contains("refreshd_view_staleness_seconds{view=\"" + label + "\"}");
                }
                assertThat(DaemonProcess.get(port, "/")).contains("größe.naïve 表 🙂");
            }
        }
    }

    private static List<String> names() {
        List<String> names = new ArrayList<>();
        VIEWS.forEach(view -> names.add(new ViewId(view.schema(), view.name()).toString()));
        assertThat(names).doesNotHaveDuplicates();
        return names;
    }
}
