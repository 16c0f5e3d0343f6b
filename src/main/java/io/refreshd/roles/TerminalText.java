package io.refreshd.roles;

/** Quotes text from a table for a terminal, without control characters, which could change the state of the terminal. */
final class TerminalText {
    private static final int LONGEST = 80;

    private TerminalText() {}

    static String quoted(String role) {
        String plain = role.replaceAll("\\p{Cntrl}", "?");
        return "'" + (plain.length() > LONGEST ? plain.substring(0, LONGEST) + "…" : plain) + "'";
    }
}
