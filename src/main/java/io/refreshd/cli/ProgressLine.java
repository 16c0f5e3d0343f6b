package io.refreshd.cli;

import io.refreshd.demo.Screen;
import java.io.PrintWriter;

/** One line on a terminal that says how far a verb has come, and is gone when it has ended. Elsewhere there is none. */
final class ProgressLine {
    private static final String BEGIN = "\r\u001b[K";

    private final PrintWriter err;
    private final Screen screen;
    private boolean shown;

    ProgressLine(PrintWriter err, Screen screen) {
        this.err = err;
        this.screen = screen;
    }

    boolean visible() {
        return screen.terminal();
    }

    /** Any thread. Cut to the terminal's width, since a line that wraps cannot be taken back. */
    synchronized void show(String text) {
        if (visible()) {
            String line = RolePlanText.line(text);
            err.print(BEGIN + line.substring(0, Math.min(line.length(), screen.width() - 1)));
            err.flush();
            shown = true;
        }
    }

    synchronized void clear() {
        if (shown) {
            err.print(BEGIN);
            err.flush();
            shown = false;
        }
    }
}
