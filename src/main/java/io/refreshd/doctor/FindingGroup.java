package io.refreshd.doctor;

import io.refreshd.catalog.RepairPlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Findings of one cause, which are shown as one.
 *
 * @param findings at least one; all of the same severity, code and cause
 */
public record FindingGroup(List<Finding> findings) {
    /** Of more remedies only so many are shown: {@code check --sql} prints them all. */
    private static final int REMEDIES_SHOWN = 3;

    public FindingGroup {
        findings = List.copyOf(findings);
    }

    private record Key(Severity severity, String code, String cause) {}

    /** Groups findings. The order of the groups is that of their first findings. */
    public static List<FindingGroup> byCause(List<Finding> findings) {
        Map<Key, List<Finding>> groups = new LinkedHashMap<>();
        for (Finding finding : findings) {
            groups.computeIfAbsent(
                            new Key(finding.severity(), finding.code(), finding.cause()), key -> new ArrayList<>())
                    .add(finding);
        }
        return groups.values().stream().map(FindingGroup::new).toList();
    }

    public Severity severity() {
        return findings.getFirst().severity();
    }

    public String code() {
        return findings.getFirst().code();
    }

    /** The views, tables or settings that the cause concerns, each once. */
    public List<String> concerns() {
        return findings.stream().map(Finding::about).distinct().toList();
    }

    public String what() {
        return findings.size() == 1
                ? findings.getFirst().what()
                : findings.getFirst().cause();
    }

    public String why() {
        return findings.getFirst().why();
    }

    /** The remedies, one a line; of many only the first, and how many there are besides. */
    public String remedy() {
        List<String> different = remedies();
        if (different.size() <= REMEDIES_SHOWN) {
            return String.join("\n", different);
        }
        // The script holds the remedies of remarks only where they are SQL that runs.
        boolean inScript = severity() != Severity.INFO || !statements().isEmpty();
        String rest = "and so on for " + (different.size() - REMEDIES_SHOWN) + " more"
                + (inScript ? ": refreshd check --sql prints all" : "");
        return String.join(
                "\n",
                Stream.concat(different.stream().limit(REMEDIES_SHOWN), Stream.of(rest))
                        .toList());
    }

    /** The remedies, each once. */
    List<String> remedies() {
        return findings.stream()
                .map(Finding::remedy)
                .filter(remedy -> !remedy.isBlank())
                .distinct()
                .toList();
    }

    /** The remedies as SQL that runs as it is, in order; none if they are not SQL. */
    public List<String> statements() {
        return inOrder(findings);
    }

    static List<String> inOrder(List<Finding> findings) {
        return findings.stream()
                .flatMap(finding -> finding.statements().stream())
                .sorted(Comparator.comparingInt(RepairPlan.Statement::order))
                .map(RepairPlan.Statement::sql)
                .distinct()
                .toList();
    }
}
