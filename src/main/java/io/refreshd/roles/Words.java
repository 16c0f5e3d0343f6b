package io.refreshd.roles;

/** Shows what came from a table on a terminal, without letting it speak to the terminal. */
final class Words {
    private static final int LONGEST = 80;

    private Words() {}

    static String quoted(String role) {
        String plain = role.replaceAll("\\p{Cntrl}", "?");
        return "'" + (plain.length() > LONGEST ? plain.substring(0, LONGEST) + "…" : plain) + "'";
    }
}
