package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.config.Configuration;
import io.refreshd.config.Durations;
import io.refreshd.config.InvalidValueException;
import io.refreshd.model.PlainText;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options and the execution of {@code refresh}, {@code pause} and {@code resume}, which differ only in the request they send. */
final class RequestOptions {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Mixin
    private final ViewArguments views = new ViewArguments();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "10m",
            description = "Stop waiting after this long (default: ${DEFAULT-VALUE}).")
    private String timeout = "10m";

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec mixee;

    int send(String kind, Map<String, String> environment) throws Exception {
        views.require();
        Duration waitAtMost = timeout();
        Configuration configuration = file.read(environment);
        List<DaemonRequest.Answer> answers = new DaemonRequest(
                        configuration,
                        new TargetDatabase(configuration.database(), kind),
                        waitAtMost,
                        Output.progress(mixee, environment))
                .send(kind, views);
        PrintWriter out = Output.of(mixee);
        boolean done = answers.stream().allMatch(DaemonRequest.Answer::done);
        if (json) {
            out.println(Json.text(json(answers, done)));
        } else {
            answers.forEach(answer -> out.println(PlainText.line(answer.view() + ": " + answer.outcome())));
        }
        return done ? ExitCode.OK.code() : ExitCode.FAILURE.code();
    }

    private static ObjectNode json(List<DaemonRequest.Answer> answers, boolean done) {
        ObjectNode root = Json.object().put("ok", done);
        ArrayNode list = root.putArray("views");
        for (DaemonRequest.Answer answer : answers) {
            list.addObject()
                    .put("view", answer.view().toString())
                    .put("schema", answer.view().schema())
                    .put("name", answer.view().name())
                    .put("done", answer.done())
                    .put("outcome", answer.outcome());
        }
        return root;
    }

    private Duration timeout() {
        try {
            return Durations.parsePositive(timeout);
        } catch (InvalidValueException e) {
            throw new ParameterException(
                    Objects.requireNonNull(mixee).commandLine(),
                    mixee.name() + ": --timeout " + timeout + ": " + e.getMessage(),
                    e);
        }
    }
}
