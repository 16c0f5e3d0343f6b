package io.refreshd.doctor;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Writes the remedies of a database as one SQL script: privileges and replica identities first, then the views, each before those
 * that stand on it. What is not SQL, or leaves a choice, is a comment.
 */
public final class RemedyScript {
    private static final int NAMES_SHOWN = 12;

    private RemedyScript() {}

    public static String of(List<Finding> findings) {
        StringBuilder script = new StringBuilder("""
                -- Remedies found by refreshd check, in an order in which they run. Read them before you run them, as a role that may:
                --   psql -v ON_ERROR_STOP=1 -f FILE
                """);
        List<String> statements = FindingGroup.script(findings);
        statements.forEach(statement -> script.append(statement).append(";\n"));
        List<FindingGroup> others = FindingGroup.byCause(findings.stream()
                .filter(finding -> finding.severity() != Severity.INFO
                        && finding.statements().isEmpty()
                        && !finding.remedy().isEmpty())
                .toList());
        if (!others.isEmpty()) {
            script.append("\n-- Left to you:\n");
            others.forEach(group -> script.append(comment(group)));
        }
        return script.toString();
    }

    private static String comment(FindingGroup group) {
        String text = names(group.concerns()) + ": " + group.what() + "\n  " + String.join("\n  ", group.remedies());
        return text.lines().map(line -> "-- " + line + "\n").collect(Collectors.joining());
    }

    /** The names, of many only the first and how many there are besides. */
    public static String names(List<String> names) {
        return names.size() <= NAMES_SHOWN
                ? String.join(", ", names)
                : String.join(", ", names.subList(0, NAMES_SHOWN)) + " and " + (names.size() - NAMES_SHOWN) + " more";
    }
}
