package io.refreshd.demo;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;

/**
 * A process that stops PostgreSQL and deletes the demo's folder if the demo is killed. It reads from a pipe of the demo's, which the
 * system closes when the demo ends, however that comes about.
 *
 * <p>Failure: without a shell there is no such process, and a demo that is killed leaves its server and its folder behind.
 */
final class DemoWatchdog implements AutoCloseable {
    /**
     * Parameters: the folder, and that of the data. The signals that end a demo in a terminal reach this process as well, and the demo
     * then cleans up itself. Another process may have the server's number if the server is gone, so its command line must name the data.
     */
    private static final String SCRIPT = """
            trap '' HUP INT TERM
            cat > /dev/null
            pid=$(head -n 1 "$2/postmaster.pid" 2> /dev/null)
            if [ -n "$pid" ] && ps -o args= -p "$pid" | grep -qF -- "$2"; then
              kill -QUIT "$pid"
              for second in 1 2 3 4 5 6 7 8 9 10; do
                kill -0 "$pid" 2> /dev/null || break
                sleep 1
              done
            fi
            rm -rf -- "$1"
            """;

    private final Process process;

    private DemoWatchdog(Process process) {
        this.process = process;
    }

    /** @param folder of the demo. @param data of its server */
    static DemoWatchdog start(Path folder, Path data) throws IOException {
        return new DemoWatchdog(
                new ProcessBuilder("sh", "-c", SCRIPT, "refreshd-demo-watchdog", folder.toString(), data.toString())
                        .redirectOutput(Redirect.DISCARD)
                        .redirectError(Redirect.DISCARD)
                        .start());
    }

    /** To be called when server and folder are gone: it then has nothing to do. */
    @Override
    public void close() throws IOException, InterruptedException {
        process.getOutputStream().close();
        process.waitFor();
    }
}
