package io.refreshd.cli;

import io.refreshd.ledger.RequestWrites;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "refresh",
        description = {
            "Has the daemon refresh views now, dirty or not, and waits until it has done so.",
            "A request that no daemon receives is withdrawn."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd refresh --config refreshd.yaml public.orders_by_day",
            "  refreshd refresh --config refreshd.yaml --timeout 1m 'sales.*'",
            "  refreshd refresh --config refreshd.yaml --all"
        })
final class RefreshVerb implements Callable<Integer> {
    @Mixin
    private final RequestOptions options = new RequestOptions();

    private final Map<String, String> environment;

    RefreshVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        return options.send(RequestWrites.REFRESH, environment);
    }
}
