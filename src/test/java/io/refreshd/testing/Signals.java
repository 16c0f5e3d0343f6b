package io.refreshd.testing;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Signals for which Java has no words. */
public final class Signals {
    private Signals() {}

    /**
     * @param name as {@code kill} knows it, such as STOP
     * @return whether all were there to take it
     */
    public static boolean send(String name, long... processes) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("kill", "-" + name));
        for (long process : processes) {
            command.add(Long.toString(process));
        }
        return new ProcessBuilder(command).start().waitFor() == 0;
    }
}
