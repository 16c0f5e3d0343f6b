package io.refreshd.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A daemon, and what a supervisor does: it starts the process again when that has ended. */
public final class SupervisedDaemon implements AutoCloseable {
    private final Path configuration;
    private final List<String> lines = new ArrayList<>();
    private DaemonProcess process;
    private int deaths;

    public SupervisedDaemon(Path configuration) throws IOException {
        this.configuration = configuration;
        process = DaemonProcess.of(configuration).start();
    }

    /** The process that runs now. */
    public DaemonProcess process() {
        return process;
    }

    /** How often the process ended by itself. */
    public int deaths() {
        return deaths;
    }

    public void replaceIfDead() throws IOException {
        if (!process.isAlive()) {
            deaths++;
            lines.addAll(process.lines());
            process = DaemonProcess.of(configuration).start();
        }
    }

    /** What all processes have written so far. */
    public List<String> lines() {
        List<String> all = new ArrayList<>(lines);
        all.addAll(process.lines());
        return all;
    }

    @Override
    public void close() throws IOException {
        process.close();
    }
}
