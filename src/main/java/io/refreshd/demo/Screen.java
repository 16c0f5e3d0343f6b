package io.refreshd.demo;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * Where the live table is drawn.
 *
 * @param terminal redraw in place; otherwise plain lines
 * @param color only on a terminal, and not where {@code NO_COLOR} is set
 * @param width columns
 */
public record Screen(boolean terminal, boolean color, int width) {
    private static final int USUAL_WIDTH = 80;

    public static final Screen PLAIN = new Screen(false, false, USUAL_WIDTH);

    public Screen {
        if (width < 1) {
            throw new IllegalArgumentException("width must be positive: " + width);
        }
    }

    /** Asks the shell's own tools, since Java tells a terminal from a pipe only from version 22 on, and no width at all. */
    public static Screen detect(Map<String, String> environment) {
        boolean terminal = !"dumb".equals(environment.get("TERM"))
                && run("test", "-t", "1").isPresent();
        return of(terminal, environment, terminal ? run("stty", "size").orElse("") : "");
    }

    /** @param sttySize as {@code stty size} prints it: lines and columns; anything else means the usual width */
    static Screen of(boolean terminal, Map<String, String> environment, String sttySize) {
        if (!terminal) {
            return PLAIN;
        }
        String noColor = environment.getOrDefault("NO_COLOR", "");
        return new Screen(true, noColor.isEmpty(), columns(sttySize.strip()));
    }

    private static int columns(String sttySize) {
        if (!sttySize.matches("\\d{1,5} \\d{1,5}")) {
            return USUAL_WIDTH;
        }
        int columns = Integer.parseInt(sttySize.substring(sttySize.indexOf(' ') + 1));
        return columns > 0 ? columns : USUAL_WIDTH;
    }

    /** What it printed, if it ended well; {@code test} must see our own standard output, and prints nothing. */
    private static Optional<String> run(String... command) {
        boolean prints = "stty".equals(command[0]);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(Redirect.INHERIT)
                    .redirectOutput(prints ? Redirect.PIPE : Redirect.INHERIT)
                    .redirectError(Redirect.DISCARD)
                    .start();
            String output =
                    prints ? new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII) : "";
            return process.waitFor() == 0 ? Optional.of(output) : Optional.empty();
        } catch (IOException missing) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
