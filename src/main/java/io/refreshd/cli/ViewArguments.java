package io.refreshd.cli;

import io.refreshd.config.ViewPattern;
import io.refreshd.model.ViewId;
import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The views that a verb is about: names or patterns, or all of them. */
final class ViewArguments {
    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec mixee;

    @Parameters(
            arity = "0..*",
            paramLabel = "VIEW",
            description = "schema.name; * and ? stand for others, and what is in double quotes is literal.")
    private List<String> names = List.of();

    @Option(names = "--all", description = "Every view that refreshd looks after.")
    private boolean all;

    boolean given() {
        return all || !names.isEmpty();
    }

    /** A verb that changes something does not take silence for "all". */
    void require() {
        if (!given()) {
            throw wrong("name a view, or --all");
        }
        if (all && !names.isEmpty()) {
            throw wrong("either views or --all, not both");
        }
    }

    /** Those of the known ones that are meant; all, if none is named. Every argument must mean at least one. */
    SortedSet<ViewId> among(Collection<ViewId> known) {
        if (names.isEmpty()) {
            return new TreeSet<>(known);
        }
        SortedSet<ViewId> meant = new TreeSet<>();
        for (String name : names) {
            ViewPattern pattern = pattern(name);
            List<ViewId> matching = known.stream().filter(pattern::matches).toList();
            if (matching.isEmpty()) {
                throw wrong("there is no view " + name + " that refreshd looks after");
            }
            meant.addAll(matching);
        }
        return meant;
    }

    private ViewPattern pattern(String name) {
        try {
            return ViewPattern.of(name);
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage());
        }
    }

    private ParameterException wrong(@Nullable String message) {
        CommandLine commandLine = java.util.Objects.requireNonNull(mixee).commandLine();
        return new ParameterException(commandLine, mixee.name() + ": " + message);
    }
}
