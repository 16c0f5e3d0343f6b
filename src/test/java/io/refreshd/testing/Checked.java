package io.refreshd.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.cli.Refreshd;
import io.refreshd.model.Remedy;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * The output of {@code check --json}.
 *
 * @param err what the verb prints when it cannot query the database
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

    /** The messages of one severity: error, warning or remark. */
    public List<String> what(String severity) {
        return of(severity, "what");
    }

    public List<Remedy> remedies(String severity) {
        return findings.stream()
                .filter(finding -> finding.path("severity").asText().equals(severity))
                .map(finding -> remedy(finding.path("remedy")))
                .toList();
    }

    /** The remedy in its form in JSON. */
    public static Remedy remedy(JsonNode node) {
        return new Remedy(
                StreamSupport.stream(node.path("sql").spliterator(), false)
                        .map(JsonNode::asText)
                        .toList(),
                node.path("text").asText(""));
    }

    private List<String> of(String severity, String field) {
        return findings.stream()
                .filter(finding -> finding.path("severity").asText().equals(severity))
                .map(finding -> finding.path(field).asText())
                .toList();
    }
}
