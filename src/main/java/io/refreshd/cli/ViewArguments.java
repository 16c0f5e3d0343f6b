package io.refreshd.cli;

import io.refreshd.config.ViewPattern;
import io.refreshd.model.ViewId;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The arguments that select views: names and patterns, or {@code --all}. */
final class ViewArguments {
    private static final String KEPT_FRESH = "view that refreshd keeps fresh";

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec mixee;

    @Parameters(
            arity = "0..*",
            paramLabel = "VIEW",
            description = "schema.name; * and ? match any characters, except in double quotes.")
    private List<String> names = List.of();

    @Option(names = "--all", description = "Every view that the configuration includes.")
    private boolean all;

    boolean given() {
        return all || !names.isEmpty();
    }

    /** Requires names or {@code --all}. A verb that changes something must not take an empty list for "all". */
    void require() {
        if (!given()) {
            throw wrong("name a view, or --all");
        }
        if (all && !names.isEmpty()) {
            throw wrong("either views or --all, not both");
        }
    }

    /** The selected views; all known ones if there is no name. Every argument must match at least one view. */
    SortedSet<ViewId> select(Collection<ViewId> known) {
        return select(KEPT_FRESH, known);
    }

    /** @param what the known views are, in the singular */
    SortedSet<ViewId> select(String what, Collection<ViewId> known) {
        return names.isEmpty() ? new TreeSet<>(known) : select(Objects.requireNonNull(mixee), names, what, known);
    }

    /** The views that the names and patterns match. Each must match at least one. */
    static SortedSet<ViewId> select(CommandSpec verb, List<String> names, Collection<ViewId> known) {
        return select(verb, names, KEPT_FRESH, known);
    }

    private static SortedSet<ViewId> select(
            CommandSpec verb, List<String> names, String what, Collection<ViewId> known) {
        SortedSet<ViewId> selected = new TreeSet<>();
        for (String name : names) {
            ViewPattern pattern = pattern(verb, name);
            List<ViewId> matching = known.stream().filter(pattern::matches).toList();
            if (matching.isEmpty()) {
                throw wrong(verb, "no " + what + " matches " + name);
            }
            selected.addAll(matching);
        }
        return selected;
    }

    private static ViewPattern pattern(CommandSpec verb, String name) {
        try {
            return ViewPattern.of(name);
        } catch (IllegalArgumentException e) {
            throw wrong(verb, e.getMessage());
        }
    }

    private ParameterException wrong(String message) {
        return wrong(Objects.requireNonNull(mixee), message);
    }

    private static ParameterException wrong(CommandSpec verb, @Nullable String message) {
        return new ParameterException(verb.commandLine(), verb.name() + ": " + message);
    }
}
