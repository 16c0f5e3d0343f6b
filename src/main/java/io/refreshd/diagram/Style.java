package io.refreshd.diagram;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * The style sheets of the pictures. A page takes {@link #COLOURS} and {@link #RULES} as they are. A file of its own gets the same rules
 * twice, with the colours put in, since few programs but browsers know variables.
 */
public final class Style {
    /** Declarations of variables, each with {@code light-dark(…, …)}, for {@code :root}. */
    public static final String COLOURS = resource("colours.css");

    /** Rules for everything inside of {@code .picture}. */
    public static final String RULES = resource("picture.css");

    private static final Pattern COLOUR = Pattern.compile("(--[a-z]+): light-dark\\((#[0-9a-f]+), (#[0-9a-f]+)\\);");

    private Style() {}

    /** The style of a file of its own. */
    static String standalone() {
        return withColours(2) + "@media (prefers-color-scheme: dark) {\n" + withColours(3) + "}\n";
    }

    private static String withColours(int group) {
        String[] rules = {RULES};
        COLOUR.matcher(COLOURS)
                .results()
                .forEach(found -> rules[0] = rules[0].replace("var(" + found.group(1) + ")", found.group(group)));
        return rules[0];
    }

    private static String resource(String name) {
        try (InputStream in = Style.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("missing from the program: " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot be read from the program: " + name, e);
        }
    }
}
