package io.refreshd.testing;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Sends signals that Java has no method for. */
public final class Signals {
    private Signals() {}

    /**
     * @param name as {@code kill} takes it, such as STOP
     * @return whether every process existed
     */
    public static boolean send(String name, long... processes) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("kill", "-" + name));
        for (long process : processes) {
            command.add(Long.toString(process));
        }
        return new ProcessBuilder(command).start().waitFor() == 0;
    }
}
