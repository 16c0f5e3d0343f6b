package io.refreshd.demo;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * What standard output is connected to.
 *
 * @param terminal whether it is a terminal, on which text can be redrawn
 * @param color whether to use colours: only on a terminal, and not if {@code NO_COLOR} is set
 * @param width in columns
 */
public record Screen(boolean terminal, boolean color, int width) {
    private static final int DEFAULT_WIDTH = 80;

    public static final Screen PLAIN = new Screen(false, false, DEFAULT_WIDTH);

    public Screen {
        if (width < 1) {
            throw new IllegalArgumentException("width must be positive: " + width);
        }
    }

    /**
     * Asks {@code test} and {@code stty}. Java distinguishes a terminal from a pipe only from version 22 on, and never knows the
     * width.
     */
    public static Screen detect(Map<String, String> environment) {
        boolean terminal = !"dumb".equals(environment.get("TERM"))
                && run("test", "-t", "1").isPresent();
        return of(terminal, environment, terminal ? run("stty", "size").orElse("") : "");
    }

    /** @param sttySize what {@code stty size} prints: lines and columns; anything else means the default width */
    static Screen of(boolean terminal, Map<String, String> environment, String sttySize) {
        if (!terminal) {
            return PLAIN;
        }
        String noColor = environment.getOrDefault("NO_COLOR", "");
        return new Screen(true, noColor.isEmpty(), columns(sttySize.strip()));
    }

    private static int columns(String sttySize) {
        if (!sttySize.matches("\\d{1,5} \\d{1,5}")) {
            return DEFAULT_WIDTH;
        }
        int columns = Integer.parseInt(sttySize.substring(sttySize.indexOf(' ') + 1));
        return columns > 0 ? columns : DEFAULT_WIDTH;
    }

    /** The command's output if it succeeded. {@code test} inherits this process's standard output, which it examines. */
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
