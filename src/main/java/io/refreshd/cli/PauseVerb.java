package io.refreshd.cli;

import io.refreshd.ledger.RequestWrites;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "pause",
        description = {
            "Keeps the daemon from refreshing views until they are resumed. Their changes are still recorded.",
            "A pause outlasts a restart of the daemon."
        },
        footerHeading = "%nExample:%n",
        footer = {"  refreshd pause --config refreshd.yaml public.orders_by_day"})
final class PauseVerb implements Callable<Integer> {
    @Mixin
    private final RequestOptions options = new RequestOptions();

    private final Map<String, String> environment;

    PauseVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        return options.send(RequestWrites.PAUSE, environment);
    }
}
