package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.doctor.FindingGroup;
import io.refreshd.doctor.RemedyScript;
import io.refreshd.doctor.Severity;
import io.refreshd.model.PlainText;
import java.util.List;
import java.util.Locale;

/** Formats the findings of {@code check}, as text and as JSON. Pure. */
final class FindingsText {
    private FindingsText() {}

    static String text(List<FindingGroup> findings) {
        StringBuilder text = new StringBuilder();
        for (FindingGroup finding : findings) {
            text.append('\n')
                    .append(finding.severity())
                    .append("  ")
                    .append(PlainText.line(RemedyScript.names(finding.concerns())))
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

    private static String summary(List<FindingGroup> findings) {
        return findings.isEmpty()
                ? "No problems found."
                : counted(findings, Severity.ERROR, "error") + ", " + counted(findings, Severity.WARNING, "warning")
                        + ", " + counted(findings, Severity.INFO, "remark") + ".";
    }

    private static String counted(List<FindingGroup> findings, Severity severity, String noun) {
        long count = count(findings, severity);
        return count + " " + noun + (count == 1 ? "" : "s");
    }

    private static long count(List<FindingGroup> findings, Severity severity) {
        return findings.stream()
                .filter(finding -> finding.severity() == severity)
                .count();
    }

    static ObjectNode json(List<FindingGroup> findings) {
        ObjectNode root = Json.object()
                .put("ok", count(findings, Severity.ERROR) == 0)
                .put("errors", count(findings, Severity.ERROR))
                .put("warnings", count(findings, Severity.WARNING));
        ArrayNode list = root.putArray("findings");
        for (FindingGroup finding : findings) {
            ObjectNode object = list.addObject();
            object.put("severity", finding.severity().name().toLowerCase(Locale.ROOT))
                    .put("code", finding.code())
                    .put("about", RemedyScript.names(finding.concerns()))
                    .put("what", finding.what())
                    .put("why", finding.why())
                    .set("remedy", Json.remedy(finding.wholeRemedy()));
            finding.concerns().forEach(object.putArray("concerns")::add);
        }
        return root;
    }
}
