package io.refreshd.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.cli.Refreshd;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * What {@code check --json} says, as it is deployed.
 *
 * @param err what it says if the database cannot be asked
 */
public record Checked(int code, List<JsonNode> findings, String err) {
    /** @param yaml the whole configuration */
    public static Checked of(String yaml) throws Exception {
        Path file = Files.createTempFile("refreshd", ".yaml");
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        try {
            Files.writeString(file, yaml);
            int code = Refreshd.commandLine(Map.of())
                    .setOut(new PrintWriter(out))
                    .setErr(new PrintWriter(err))
                    .execute("check", "--json", "--config", file.toString());
            JsonNode root = new ObjectMapper().readTree(out.toString());
            return new Checked(
                    code,
                    StreamSupport.stream(root.path("findings").spliterator(), false)
                            .toList(),
                    err.toString());
        } finally {
            Files.delete(file);
        }
    }

    /** What is said of the errors, the warnings or the remarks. */
    public List<String> what(String severity) {
        return of(severity, "what");
    }

    public List<String> remedies(String severity) {
        return of(severity, "remedy");
    }

    private List<String> of(String severity, String field) {
        return findings.stream()
                .filter(finding -> finding.path("severity").asText().equals(severity))
                .map(finding -> finding.path(field).asText())
                .toList();
    }
}
