package io.refreshd.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux knows of a process. */
final class Procfs {
    /** A constant of the kernel's interface on every architecture that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private Procfs() {}

    /** Of the process alone; 0 if it is gone. */
    static double cpuSeconds(long pid) {
        return ticks(pid, false) / TICKS_PER_SECOND;
    }

    /** Of the process, its children and those of them that have ended: a PostgreSQL server, given its postmaster. */
    static double cpuSecondsOfFamily(long pid) {
        double ticks = ticks(pid, true);
        ProcessHandle parent = ProcessHandle.of(pid).orElse(null);
        if (parent != null) {
            ticks += parent.children()
                    .mapToDouble(child -> ticks(child.pid(), false))
                    .sum();
        }
        return ticks / TICKS_PER_SECOND;
    }

    private static double ticks(long pid, boolean withEnded) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            // The name in parentheses may hold blanks; field 3 follows it.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            double ticks = Double.parseDouble(fields[11]) + Double.parseDouble(fields[12]);
            return withEnded ? ticks + Double.parseDouble(fields[13]) + Double.parseDouble(fields[14]) : ticks;
        } catch (IOException gone) {
            return 0;
        }
    }

    static double residentMegabytes(long pid) {
        return status(pid, "VmRSS:");
    }

    static double peakMegabytes(long pid) {
        return status(pid, "VmHWM:");
    }

    private static double status(long pid, String field) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
                if (line.startsWith(field)) {
                    return Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024;
                }
            }
            return Double.NaN;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
