package io.refreshd.doctor;

import io.refreshd.catalog.RepairPlan;
import io.refreshd.model.Remedy;
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
        // The script holds the remedies of remarks only where they are SQL that runs.
        boolean inScript = severity() != Severity.INFO || !script(findings).isEmpty();
        return String.join("\n", first(remedies(), inScript ? ": refreshd check --sql prints all" : ""));
    }

    /** The remedies, for people, each once. */
    List<String> remedies() {
        return findings.stream()
                .filter(finding -> !finding.remedy().isEmpty())
                .map(finding -> finding.remedy().toString())
                .distinct()
                .toList();
    }

    /** The remedy of all: every statement in order, and the words, of many only the first. */
    public Remedy wholeRemedy() {
        List<String> words = findings.stream()
                .map(finding -> finding.remedy().text())
                .filter(text -> !text.isEmpty())
                .distinct()
                .toList();
        return new Remedy(
                inOrder(findings.stream().flatMap(finding -> finding.sql().stream())),
                String.join("; ", first(words, "")));
    }

    private static List<String> first(List<String> texts, String where) {
        return texts.size() <= REMEDIES_SHOWN
                ? texts
                : Stream.concat(
                                texts.stream().limit(REMEDIES_SHOWN),
                                Stream.of("and so on for " + (texts.size() - REMEDIES_SHOWN) + " more" + where))
                        .toList();
    }

    /** The statements of the script of {@code check --sql}, in order. */
    static List<String> script(List<Finding> findings) {
        return inOrder(findings.stream().flatMap(finding -> finding.statements().stream()));
    }

    private static List<String> inOrder(Stream<RepairPlan.Statement> statements) {
        return statements
                .sorted(Comparator.comparingInt(RepairPlan.Statement::order))
                .map(RepairPlan.Statement::sql)
                .distinct()
                .toList();
    }
}
