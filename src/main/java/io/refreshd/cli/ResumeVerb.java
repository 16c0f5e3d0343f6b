package io.refreshd.cli;

import io.refreshd.ledger.RequestWrites;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "resume",
        description = {
            "Has the daemon refresh paused views again, and try suspended views again.",
            "First remove the reason that \"refreshd status\" names, or a suspended view is suspended again."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd resume --config refreshd.yaml public.orders_by_day",
            "  refreshd resume --config refreshd.yaml --all"
        })
final class ResumeVerb implements Callable<Integer> {
    @Mixin
    private final RequestOptions options = new RequestOptions();

    private final Map<String, String> environment;

    ResumeVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        return options.send(RequestWrites.RESUME, environment);
    }
}
