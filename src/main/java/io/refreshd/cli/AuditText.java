package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.audit.AuditReport;
import io.refreshd.audit.Verdict;
import java.util.List;

/** Formats audit reports, as text and as JSON. Pure. */
final class AuditText {
    private AuditText() {}

    static String line(AuditReport report) {
        String head = report.view() + ": " + report.verdict().word();
        return switch (report.verdict()) {
            case FAILED, UNTRUSTED -> head + ": " + report.detail();
            case EQUAL -> head + ", " + report.difference().rows() + " rows";
            case PENDING, UNTRACKED, UNEXPLAINED, DRIFT ->
                head + ": " + report.difference().missing() + " rows missing, "
                        + report.difference().surplus() + " surplus; " + report.detail() + keys(report);
        };
    }

    private static String keys(AuditReport report) {
        return report.difference().keys().isEmpty()
                ? ""
                : " (for example " + String.join(" ", report.difference().keys()) + ")";
    }

    static ObjectNode json(List<AuditReport> reports) {
        ObjectNode root = Json.object()
                .put("ok", reports.stream().map(AuditReport::verdict).allMatch(Verdict.EQUAL::equals));
        ArrayNode views = root.putArray("views");
        for (AuditReport report : reports) {
            ObjectNode view = views.addObject()
                    .put("view", report.view().toString())
                    .put("schema", report.view().schema())
                    .put("name", report.view().name())
                    .put("verdict", report.verdict().word())
                    .put("rows", report.difference().rows())
                    .put("missing", report.difference().missing())
                    .put("surplus", report.difference().surplus())
                    .put("snapshot", report.snapshot())
                    .put("position", report.position().toString())
                    .put("watermark", report.watermark().map(Object::toString).orElse(null))
                    .put("detail", report.detail());
            ArrayNode keys = view.putArray("keys");
            report.difference().keys().forEach(keys::add);
        }
        return root;
    }
}
