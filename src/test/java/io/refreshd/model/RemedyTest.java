package io.refreshd.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RemedyTest {
    /** The first literal of each remedy in the code, and which kind it is. */
    private static final Pattern MADE = Pattern.compile("Remedy\\.(sql|text)\\(\\s*\"((?:[^\"\\\\]|\\\\.)*)");

    private static final Pattern STATEMENT =
            Pattern.compile("(ALTER|COMMIT|CREATE|DROP|GRANT|REFRESH|REINDEX|SELECT|UPDATE|VACUUM) .*", Pattern.DOTALL);

    @Test
    void aProgramFindsTheStatementsAndAPersonReadsBoth() {
        Remedy remedy =
                Remedy.sql("GRANT a TO b;", "REFRESH MATERIALIZED VIEW v").and("or leave it");
        assertThat(remedy.sql()).containsExactly("GRANT a TO b", "REFRESH MATERIALIZED VIEW v");
        assertThat(remedy).hasToString("GRANT a TO b; REFRESH MATERIALIZED VIEW v; -- or leave it");
        assertThat(remedy.lines()).isEqualTo("GRANT a TO b;\nREFRESH MATERIALIZED VIEW v;\n-- or leave it");
        assertThat(Remedy.text("wait")).hasToString("wait");
        assertThat(Remedy.NONE.isEmpty()).isTrue();
    }

    @Test
    void isReadBackFromWhatPeopleSee() {
        for (Remedy remedy : List.of(
                Remedy.NONE,
                Remedy.text("wait; or do not"),
                Remedy.sql("GRANT a TO b"),
                Remedy.sql("GRANT a TO b", "GRANT c TO d").and("or leave it; -- really"))) {
            assertThat(Remedy.of(remedy.toString(), remedy.sql())).isEqualTo(remedy);
        }
    }

    @Test
    void twoRemediesSayWhatBothSayOnce() {
        Remedy first = Remedy.sql("GRANT a TO b", "GRANT c TO d").and("or wait");
        assertThat(first.then(Remedy.sql("GRANT c TO d", "GRANT e TO f").and("or wait")))
                .isEqualTo(Remedy.sql("GRANT a TO b", "GRANT c TO d", "GRANT e TO f")
                        .and("or wait"));
    }

    /** RemediesIT asks the server for those of a database; this test looks at those that need another server as well. */
    @Test
    void everyRemedyInTheCodeIsOfTheKindThatItClaims() throws IOException {
        List<String> wrong = new ArrayList<>();
        int seen = 0;
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                for (MatchResult made :
                        MADE.matcher(Files.readString(file)).results().toList()) {
                    seen++;
                    boolean statement = STATEMENT.matcher(made.group(2)).matches()
                            && !made.group(2).contains("…");
                    if (statement != made.group(1).equals("sql")) {
                        wrong.add(file.getFileName() + ": " + made.group());
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(seen).as("the pattern finds them").isGreaterThan(40);
    }
}
