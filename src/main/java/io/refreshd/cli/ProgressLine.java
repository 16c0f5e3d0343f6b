package io.refreshd.cli;

import io.refreshd.demo.Screen;
import java.io.PrintWriter;

/**
 * A progress line on a terminal, which the verb clears when it is done. Elsewhere it prints nothing.
 *
 * <p>Thread: any.
 */
final class ProgressLine {
    private static final String CLEAR = "\r\u001b[K";

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

    /** Replaces the line. The text is cut to the terminal's width, since a wrapped line could not be cleared. */
    synchronized void show(String text) {
        if (visible()) {
            String line = RolePlanText.line(text);
            err.print(CLEAR + line.substring(0, Math.min(line.length(), screen.width() - 1)));
            err.flush();
            shown = true;
        }
    }

    synchronized void clear() {
        if (shown) {
            err.print(CLEAR);
            err.flush();
            shown = false;
        }
    }
}
