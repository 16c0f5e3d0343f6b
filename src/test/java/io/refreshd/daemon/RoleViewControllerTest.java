package io.refreshd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.config.ConfigurationReader;
import io.refreshd.database.StatementWatch;
import io.refreshd.model.Moment;
import io.refreshd.report.Notice;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

class RoleViewControllerTest {
    private final List<Notice> notices = new CopyOnWriteArrayList<>();

    @Test
    void anErrorIsReportedAndTheThreadGoesOn() throws Exception {
        StackOverflowError error = new StackOverflowError();
        try (RoleViewController roles = new RoleViewController(
                ConfigurationReader.read("""
                        database: { url: "jdbc:postgresql://127.0.0.1:1/none", user: nobody }
                        role-views:
                          templates:
                            public.role_{role}:
                              unique-key: [id]
                              roles-query: SELECT name FROM public.roles
                              query: SELECT * FROM public.main WHERE role = {role}
                        """, "test.yaml", Map.of()),
                Duration.ZERO,
                Jdbi.create("unused"),
                StatementWatch.NONE,
                () -> new Moment(System.nanoTime(), Instant.now()),
                () -> {
                    throw error;
                },
                notices::add)) {
            roles.reconcileSoon();
            await().until(() -> notices.size() == 1);
            roles.reconcileSoon();
            await().until(() -> notices.size() == 2);
        }
        assertThat(notices).containsOnly(new Notice.ErrorCaught("refreshd-roles", error));
    }
}
