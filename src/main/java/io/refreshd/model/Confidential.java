package io.refreshd.model;

/**
 * Text that may hold values of rows: what the server said of an error, or keys of rows. It is for those who may read the view, and for
 * the log if the configuration says so.
 *
 * <p>Invariant: {@code toString} does not show it. So whatever prints an object that holds it, prints no value by mistake.
 *
 * @param text one line, at most {@link #LONGEST} characters and an ellipsis; may be empty
 */
public record Confidential(String text) {
    public static final Confidential NOTHING = new Confidential("");

    /** An error's message may quote a row of any size. */
    private static final int LONGEST = 2_000;

    public Confidential {
        // Cut before it is searched: the text may be a hundred megabytes long.
        boolean cut = text.length() > LONGEST;
        text = (cut ? text.substring(0, LONGEST) : text).strip().replaceAll("\\s*\\R\\s*", " ") + (cut ? "…" : "");
    }

    public boolean isEmpty() {
        return text.isEmpty();
    }

    @Override
    public String toString() {
        return isEmpty() ? "" : "(not shown)";
    }
}
