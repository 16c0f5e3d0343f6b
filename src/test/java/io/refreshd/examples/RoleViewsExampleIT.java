package io.refreshd.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class RoleViewsExampleIT {
    @Test
    void tellsItsStory() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        RoleViewsExample.run(new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("""
                        Role a sees 500 of 1000 rows.
                        user 2 has 3 details.
                        The first page ends with user 200.
                        Streamed, all names have 3948 letters.
                        Fresh: true, renamed.
                        On demand: REQUESTED, and waited for: DONE.
                        Role d sees [UserRow[id=1001, name=first of d]].
                        The second look-up finds the same: true.
                        Role d is gone, and so is its view.
                        Created in another app, and fresh: true, [UserRow[id=1001, name=seen by e]].
                        As a plain view, role b sees 500 rows.
                        """);
    }
}
