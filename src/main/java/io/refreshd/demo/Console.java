package io.refreshd.demo;

import java.io.PrintStream;
import java.util.List;

/**
 * Prints the live table and single lines. On a terminal each table replaces the one before; elsewhere it follows.
 *
 * <p>Thread: any, one at a time.
 */
final class Console {
    private static final String UP = "\u001b[%dA";
    private static final String CLEAR_LINE = "\u001b[2K";

    private final PrintStream out;
    private final Screen screen;
    /** Lines of the table that the cursor stands below; 0 if the next table starts afresh. */
    private int drawn;

    private boolean stopped;

    Console(PrintStream out, Screen screen) {
        this.out = out;
        this.screen = screen;
    }

    synchronized void draw(LiveTable.Frame frame) {
        if (stopped) {
            return;
        }
        if (!screen.terminal()) {
            LiveTable.plain(frame).forEach(out::println);
            out.flush();
            return;
        }
        List<String> lines = LiveTable.table(frame, screen);
        StringBuilder text = new StringBuilder();
        if (drawn > 0) {
            text.append(UP.formatted(drawn));
        }
        lines.forEach(line -> text.append('\r').append(CLEAR_LINE).append(line).append('\n'));
        // If there are fewer lines than before, clear the rest and go back up.
        int surplus = Math.max(0, drawn - lines.size());
        text.append((CLEAR_LINE + "\n").repeat(surplus));
        if (surplus > 0) {
            text.append(UP.formatted(surplus));
        }
        drawn = lines.size();
        out.print(text);
        out.flush();
    }

    /** Ignores every later table. Single lines are still printed. */
    synchronized void stopDrawing() {
        stopped = true;
    }

    /** Prints a line that stays; the next table is drawn below it. */
    synchronized void print(String line) {
        drawn = 0;
        out.println(line);
        out.flush();
    }
}
