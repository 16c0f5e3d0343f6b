package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ReadmeTest {
    /** Verbs about the program itself, which the README need not list. */
    private static final Set<String> NOT_LISTED = Set.of("generate-completion", "version");

    @Test
    void theTableOfVerbsListsAllOthers() throws IOException {
        Set<String> verbs =
                new TreeSet<>(Refreshd.commandLine(Map.of()).getSubcommands().keySet());
        assertThat(verbs.removeAll(NOT_LISTED)).isTrue();
        String table = Files.readString(Path.of("README.md"))
                .split("\\| verb \\| does \\|", 2)[1]
                .split("\n\n", 2)[0];
        Set<String> named = table.lines()
                .map(line -> line.split("\\|", 3))
                .filter(cells -> cells.length == 3)
                .flatMap(cells ->
                        Pattern.compile("`([a-z-]+)`").matcher(cells[1]).results())
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(named).isEqualTo(verbs);
    }
}
