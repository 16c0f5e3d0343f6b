package io.refreshd.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "generate-completion",
        description = "Prints a script that lets bash and zsh complete verbs and options.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  source <(refreshd generate-completion)",
            "  refreshd generate-completion > /etc/bash_completion.d/refreshd"
        })
final class CompletionVerb implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        var root = Objects.requireNonNull(spec).root().commandLine();
        Output.of(spec).print(AutoComplete.bash(root.getCommandName(), root) + "\n");
        Output.of(spec).flush();
        return ExitCode.OK.code();
    }
}
