package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.config.FleetConfiguration;
import io.refreshd.daemon.Daemon;
import io.refreshd.fleet.Fleet;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "run",
        description = "Runs the daemon until SIGTERM or SIGINT: the first ends it in order, the second at once.",
        footerHeading = "%nExample:%n",
        footer = "  REFRESHD_DB_PASSWORD=… refreshd run --config refreshd.yaml")
final class RunVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    private final Map<String, String> environment;

    RunVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Optional<FleetConfiguration> all = file.all(environment);
        if (all.isPresent()) {
            try (Fleet fleet = new Fleet(all.get())) {
                TerminationSignals.drainThenAbort(fleet::close);
                fleet.start();
                return fleet.awaitEnd();
            }
        }
        Configuration configuration = file.read(environment);
        try (Daemon daemon = new Daemon(configuration)) {
            TerminationSignals.drainThenAbort(daemon::close);
            daemon.start();
            return daemon.awaitEnd();
        }
    }
}
