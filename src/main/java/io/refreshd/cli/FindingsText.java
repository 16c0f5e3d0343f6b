package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.doctor.Finding;
import io.refreshd.doctor.Severity;
import io.refreshd.model.PlainText;
import java.util.List;
import java.util.Locale;

/** Formats the findings of {@code check}, as text and as JSON. Pure. */
final class FindingsText {
    private FindingsText() {}

    static String text(List<Finding> findings) {
        StringBuilder text = new StringBuilder();
        for (Finding finding : findings) {
            text.append('\n')
                    .append(finding.severity())
                    .append("  ")
                    .append(PlainText.line(finding.about()))
                    .append(": ")
                    .append(PlainText.line(finding.what()))
                    .append('\n')
                    .append(indented(finding.why(), "    "));
            if (!finding.remedy().isBlank()) {
                text.append(indented(finding.remedy(), "      "));
            }
        }
        return text.append('\n').append(summary(findings)).append('\n').toString();
    }

    private static String indented(String text, String indent) {
        return text.strip()
                .lines()
                .map(line -> indent + PlainText.line(line) + "\n")
                .reduce("", String::concat);
    }

    private static String summary(List<Finding> findings) {
        return findings.isEmpty()
                ? "No problems found."
                : count(findings, Severity.ERROR) + " errors, " + count(findings, Severity.WARNING) + " warnings, "
                        + count(findings, Severity.INFO) + " remarks.";
    }

    private static long count(List<Finding> findings, Severity severity) {
        return findings.stream()
                .filter(finding -> finding.severity() == severity)
                .count();
    }

    static ObjectNode json(List<Finding> findings) {
        ObjectNode root = Json.object()
                .put("ok", count(findings, Severity.ERROR) == 0)
                .put("errors", count(findings, Severity.ERROR))
                .put("warnings", count(findings, Severity.WARNING));
        ArrayNode list = root.putArray("findings");
        for (Finding finding : findings) {
            list.addObject()
                    .put("severity", finding.severity().name().toLowerCase(Locale.ROOT))
                    .put("code", finding.code())
                    .put("about", finding.about())
                    .put("what", finding.what())
                    .put("why", finding.why())
                    .put("remedy", finding.remedy());
        }
        return root;
    }
}
