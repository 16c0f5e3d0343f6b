package io.refreshd.faults;

import io.refreshd.testing.MovableClock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The wall clocks of server and daemon, which can be set; empty where libfaketime is not installed. */
record Clocks(Optional<MovableClock> server, Optional<MovableClock> daemon) {
    static final Clocks NONE = new Clocks(Optional.empty(), Optional.empty());

    static Clocks in(Path folder) throws IOException {
        return new Clocks(MovableClock.in(folder.resolve("server")), MovableClock.in(folder.resolve("daemon")));
    }

    Map<String, String> environmentOfServer() {
        return server.map(MovableClock::environment).orElse(Map.of());
    }

    Map<String, String> environmentOfDaemon() {
        return daemon.map(MovableClock::environment).orElse(Map.of());
    }
}
