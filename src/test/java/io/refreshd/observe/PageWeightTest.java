package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.TableStatus;
import io.refreshd.report.ViewStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the page of a thousand views weighs, with the picture of what they read. */
class PageWeightTest {
    /** Twice of what such a page weighed before it had a picture. */
    private static final int MOST_BYTES = 2 * 580_000;

    private static final int VIEWS = 1_000;
    private static final int TABLES = 400;

    private final List<ViewStatus> views = IntStream.range(0, VIEWS)
            .mapToObj(PageWeightTest::view)
            .map(Samples::fresh)
            .toList();

    private static ViewId view(int number) {
        return new ViewId("public", "materialized_orders_of_a_customer_by_day_" + number);
    }

    @Test
    void viewsOfOneTable() {
        assertWeight(List.of(table(0, views.stream().map(ViewStatus::view).toList())));
    }

    /** Each view reads a pair of tables that no other one reads, so each has a box and lines of its own. */
    @Test
    void viewsThatAreAllDifferent() {
        assertWeight(IntStream.range(0, TABLES)
                .mapToObj(table -> table(
                        table,
                        IntStream.range(0, VIEWS)
                                .filter(view -> view % TABLES == table || (view + view / TABLES + 1) % TABLES == table)
                                .mapToObj(PageWeightTest::view)
                                .toList()))
                .toList());
    }

    private void assertWeight(List<TableStatus> tables) {
        DaemonStatus status = new DaemonStatus(Samples.streaming(), views, tables);
        String html = new StatusPage(
                        new Readiness(Duration.ofSeconds(30), Duration.ofSeconds(2)),
                        new RefreshHistory(() -> Samples.MOMENT))
                .render(status, Samples.NOW)
                .body();
        assertThat(html.getBytes(StandardCharsets.UTF_8).length).isLessThan(MOST_BYTES);
    }

    private static TableStatus table(int number, List<ViewId> readers) {
        return new TableStatus(new TableId("public", "table_" + number), Optional.empty(), readers);
    }
}
