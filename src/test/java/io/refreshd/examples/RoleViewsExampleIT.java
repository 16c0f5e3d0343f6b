package io.refreshd.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Compares the output of the example with docs/article.md. */
class RoleViewsExampleIT {
    @Test
    void printsWhatTheArticleShows() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        RoleViewsExample.run(new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(Files.readString(Path.of("docs", "article.md")))
                .contains("```text\n" + out.toString(StandardCharsets.UTF_8) + "```");
    }
}
