package io.refreshd.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What the page about the article shows is what comes of it. */
class RoleViewsExampleIT {
    @Test
    void tellsItsStory() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        RoleViewsExample.run(new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(Files.readString(Path.of("docs", "article.md")))
                .contains("```text\n" + out.toString(StandardCharsets.UTF_8) + "```");
    }
}
