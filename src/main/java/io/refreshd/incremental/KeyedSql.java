package io.refreshd.incremental;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A statement over given keys.
 *
 * <p>Few keys are parameters. So the text is the same for other keys too, and a session that has run it a few times parses and plans it no
 * more, which takes longer than to run it for one key. Many are constants: then the planner has to know how many there are.
 *
 * @param text with {@code ?} for each parameter
 * @param parameters values in text form, each read by the type that the text gives it
 */
public record KeyedSql(String text, List<String> parameters) {
    /** The planner takes an array of unknown length to have ten elements. */
    private static final int FEW = 10;

    private static final Pattern PLACE = Pattern.compile("\\?([0-9]+)\\?");

    public KeyedSql {
        parameters = List.copyOf(parameters);
    }

    /** Writes the values of keys into a text. */
    @FunctionalInterface
    interface Values {
        /** SQL of a value of a type, given in text form. */
        String of(String type, String value);

        /** A literal of the type itself: a cast from text could be one that a user has made. */
        Values CONSTANTS = (type, value) -> KeyCondition.literal(value) + "::" + type;
    }

    /** @param keys all that the statement is over @param writer writes the text with the values as it is given them */
    static KeyedSql over(Collection<?> keys, Function<Values, String> writer) {
        if (keys.size() <= FEW) {
            // A question mark in an operator or a name would be taken for a parameter.
            if (writer.apply((type, value) -> "").indexOf('?') < 0) {
                return withParameters(writer);
            }
        }
        return new KeyedSql(writer.apply(Values.CONSTANTS), List.of());
    }

    /** The text may hold a value several times, and in another order than it was written in. */
    private static KeyedSql withParameters(Function<Values, String> writer) {
        List<String> values = new ArrayList<>();
        Matcher places = PLACE.matcher(writer.apply((type, value) -> {
            values.add(value);
            return "?" + (values.size() - 1) + "?::" + type;
        }));
        List<String> parameters = places.results()
                .map(place -> values.get(Integer.parseInt(place.group(1))))
                .toList();
        return new KeyedSql(places.replaceAll("?"), parameters);
    }
}
