package io.refreshd.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Adds to the help of every verb the exit codes that it can end with, and the environment variables that it reads. */
final class HelpSections {
    private static final String ENVIRONMENT = "refreshd-environment";
    private static final int INDENT = 2;
    private static final int NAME_WIDTH = 22;

    /** The verbs that need neither configuration nor database. */
    private static final Set<String> WITHOUT_DATABASE = Set.of("demo", "version", "generate-completion");

    private HelpSections() {}

    static void addTo(CommandLine root) {
        root.getSubcommands().forEach((name, verb) -> {
            UsageMessageSpec usage = verb.getCommandSpec().usageMessage();
            usage.exitCodeListHeading("%nExit codes:%n");
            usage.exitCodeList(codes(name));
            List<String> keys = new ArrayList<>(usage.sectionKeys());
            keys.add(keys.indexOf(UsageMessageSpec.SECTION_KEY_FOOTER_HEADING), ENVIRONMENT);
            usage.sectionKeys(keys);
            usage.sectionMap().put(ENVIRONMENT, help -> environment(name, help));
        });
    }

    private static Map<String, String> codes(String verb) {
        List<ExitCode> codes = new ArrayList<>(List.of(ExitCode.OK, ExitCode.FAILURE, ExitCode.USAGE));
        if (!WITHOUT_DATABASE.contains(verb)) {
            codes.addAll(List.of(ExitCode.NOT_READY, ExitCode.UNREACHABLE));
        }
        if (verb.equals("run")) {
            codes.addAll(List.of(ExitCode.INTERNAL, ExitCode.ABORTED));
        } else if (verb.equals("check")) {
            codes.add(ExitCode.WARNINGS);
        }
        Map<String, String> list = new LinkedHashMap<>();
        codes.forEach(code ->
                list.put(" " + code.code(), code.meaning().replace("`", "").replace("%", "%%")));
        return list;
    }

    private static String environment(String verb, CommandLine.Help help) {
        Map<String, String> variables = new LinkedHashMap<>();
        if (!WITHOUT_DATABASE.contains(verb)) {
            variables.put("NAME", "Replaces ${NAME} in the configuration, for example a password.");
        }
        if (verb.equals("run")) {
            variables.put("REFRESHD_LOG_FORMAT", "json: one object per line; text otherwise.");
        } else {
            variables.put("NO_COLOR", "If not empty: no colours on a terminal.");
        }
        variables.put("REFRESHD_JAVA_OPTS", "Options for the Java virtual machine, such as -Xmx256m.");
        variables.put("REFRESHD_VERBOSE", "true: the same as --verbose.");
        TextTable table = TextTable.forColumns(
                help.colorScheme(),
                new Column(NAME_WIDTH, INDENT, Column.Overflow.SPAN),
                new Column(help.commandSpec().usageMessage().width() - NAME_WIDTH, INDENT, Column.Overflow.WRAP));
        variables.forEach((name, meaning) -> {
            Text label = help.colorScheme().text(name);
            table.addRowValues(label, help.colorScheme().text(meaning));
        });
        return "\nEnvironment:\n" + table;
    }
}
