package io.refreshd.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** CPU time and memory of processes from /proc. */
final class Procfs {
    /** The unit of CPU time in /proc, the same on every architecture that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private Procfs() {}

    /** Of the process alone; 0 if it has ended. */
    static double cpuSeconds(long pid) {
        return ticks(pid, false) / TICKS_PER_SECOND;
    }

    /** Of a process, its children and its ended children; for the postmaster that is the whole server. */
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

    /** Of the present children of a process whose title contains the word, or does not. */
    static double cpuSecondsOfChildren(long pid, String word, boolean contains) {
        return ProcessHandle.of(pid).stream()
                        .flatMap(ProcessHandle::children)
                        .filter(child -> title(child.pid()).contains(word) == contains)
                        .mapToDouble(child -> ticks(child.pid(), false))
                        .sum()
                / TICKS_PER_SECOND;
    }

    private static String title(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
        } catch (IOException gone) {
            return "";
        }
    }

    private static double ticks(long pid, boolean withEnded) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            // The name in parentheses may contain blanks; field 3 follows it.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            double ticks = Double.parseDouble(fields[11]) + Double.parseDouble(fields[12]);
            return withEnded ? ticks + Double.parseDouble(fields[13]) + Double.parseDouble(fields[14]) : ticks;
        } catch (IOException gone) {
            return 0;
        }
    }

    /** Memory of a process and its children: the private memory of each, and the shared memory once. */
    static double residentMegabytesOfFamily(long pid) {
        double own = 0;
        double shared = 0;
        for (ProcessHandle process : Stream.concat(
                        ProcessHandle.of(pid).stream(),
                        ProcessHandle.of(pid).stream().flatMap(ProcessHandle::children))
                .toList()) {
            try {
                own += status(process.pid(), "RssAnon:");
                shared = Math.max(shared, status(process.pid(), "RssShmem:"));
            } catch (UncheckedIOException ended) {
                // The process has ended in the meantime.
            }
        }
        return own + shared;
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
            // A zombie has no memory.
            return field.startsWith("VmRSS") || field.startsWith("VmHWM") ? Double.NaN : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
