package io.refreshd.roles;

import io.refreshd.model.PlainText;

/** Quotes text from a table for a terminal, without control characters, which could change the state of the terminal. */
final class TerminalText {
    private static final int LONGEST = 80;

    private TerminalText() {}

    static String quoted(String role) {
        String plain = PlainText.line(role);
        return "'" + (plain.length() > LONGEST ? plain.substring(0, LONGEST) + "…" : plain) + "'";
    }
}
