package io.refreshd.demo;

import java.io.PrintStream;
import java.util.List;

/** Puts the live table on the screen: over the one before on a terminal, below it elsewhere. One thread at a time. */
final class Display {
    private static final String UP = "\u001b[%dA";
    private static final String CLEAR_LINE = "\u001b[2K";

    private final PrintStream out;
    private final Screen screen;
    private int drawn;
    private boolean ended;

    Display(PrintStream out, Screen screen) {
        this.out = out;
        this.screen = screen;
    }

    synchronized void show(LiveTable.Frame frame) {
        if (ended) {
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
        // Fewer lines than before: wipe the rest, and come back up.
        int surplus = Math.max(0, drawn - lines.size());
        text.append((CLEAR_LINE + "\n").repeat(surplus));
        if (surplus > 0) {
            text.append(UP.formatted(surplus));
        }
        drawn = lines.size();
        out.print(text);
        out.flush();
    }

    /** No table from now on, only lines. */
    synchronized void end() {
        ended = true;
    }

    /** A line that stays; the table goes on below it. */
    synchronized void say(String line) {
        drawn = 0;
        out.println(line);
        out.flush();
    }
}
