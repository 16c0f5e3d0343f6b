package io.refreshd.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.OptionalLong;

/** CPU time and memory of the processes of the server; NaN if they run on another machine. */
final class ServerProcesses {
    private final OptionalLong postmaster;

    private ServerProcesses(OptionalLong postmaster) {
        this.postmaster = postmaster;
    }

    /**
     * Finds the postmaster through the process of this session. The title of that process contains the port of the client,
     * which excludes another process with the same id on this machine.
     */
    static ServerProcesses of(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_backend_pid(), inet_client_port()")) {
            row.next();
            long pid = row.getLong(1);
            Path title = Path.of("/proc", Long.toString(pid), "cmdline");
            if (Files.exists(title) && Files.readString(title).contains("(" + row.getString(2) + ")")) {
                return new ServerProcesses(ProcessHandle.of(pid)
                        .flatMap(ProcessHandle::parent)
                        .map(parent -> OptionalLong.of(parent.pid()))
                        .orElse(OptionalLong.empty()));
            }
        } catch (IOException elsewhere) {
            // A process that cannot be read counts as one that does not exist.
        }
        return new ServerProcesses(OptionalLong.empty());
    }

    double cpuSeconds() {
        return postmaster.isPresent() ? Procfs.cpuSecondsOfFamily(postmaster.getAsLong()) : Double.NaN;
    }

    double cpuSecondsOfWalsenders() {
        return postmaster.isPresent()
                ? Procfs.cpuSecondsOfChildren(postmaster.getAsLong(), "walsender", true)
                : Double.NaN;
    }

    double cpuSecondsOfOthers() {
        return postmaster.isPresent()
                ? Procfs.cpuSecondsOfChildren(postmaster.getAsLong(), "walsender", false)
                : Double.NaN;
    }

    double residentMegabytes() {
        return postmaster.isPresent() ? Procfs.residentMegabytesOfFamily(postmaster.getAsLong()) : Double.NaN;
    }
}
