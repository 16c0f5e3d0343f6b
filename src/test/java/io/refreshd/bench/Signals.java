package io.refreshd.bench;

import java.io.IOException;

/** Signals for which Java has no words. */
final class Signals {
    private Signals() {}

    /** @param name as {@code kill} knows it, such as STOP */
    static void send(long pid, String name) throws IOException, InterruptedException {
        int code = new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                .inheritIO()
                .start()
                .waitFor();
        if (code != 0) {
            throw new IllegalStateException("process " + pid + " took no signal " + name);
        }
    }
}
