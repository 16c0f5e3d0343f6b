package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.HashSet;
import java.util.Set;

/**
 * Finds the entries of the range table that cannot be NULL-extended where a condition is true. Only forms that are known to
 * be so are taken: {@code IS NOT NULL}, a boolean column, and comparisons by built-in operators that yield NULL for NULL.
 */
final class NullRejection {
    /** Oids of built-in comparisons of whole numbers, numeric, boolean, text, uuid, dates and times. The server never changes them. */
    private static final Set<Long> STRICT = Set.of(
            94L, 95L, 519L, 520L, 522L, 524L, // int2
            96L, 97L, 518L, 521L, 523L, 525L, // int4
            410L, 411L, 412L, 413L, 414L, 415L, // int8
            1752L, 1753L, 1754L, 1755L, 1756L, 1757L, // numeric
            85L, 91L, // boolean
            98L, 531L, 664L, 665L, 666L, 667L, // text
            2972L, 2973L, // uuid
            1093L, 1094L, 1095L, 1096L, 1097L, 1098L, // date
            2060L, 2061L, 2062L, 2063L, 2064L, 2065L, // timestamp
            1320L, 1321L, 1322L, 1323L, 1324L, 1325L); // timestamptz

    private NullRejection() {}

    /** @param condition without AND at its top */
    static Set<Integer> of(Node condition) {
        Set<Integer> found = new HashSet<>();
        switch (condition.label()) {
            case "VAR" -> add(condition, found);
            case "NULLTEST" -> {
                if (condition.is("nulltesttype", "1") && condition.is("argisrow", "false")) {
                    condition.all("arg").forEach(arg -> add(arg, found));
                }
            }
            case "OPEXPR" -> {
                if (STRICT.contains(condition.number("opno"))) {
                    condition.items("args").forEach(arg -> add(arg, found));
                }
            }
            case "SCALARARRAYOPEXPR" -> {
                if (STRICT.contains(condition.number("opno"))
                        && condition.is("useOr", "true")
                        && !condition.items("args").isEmpty()) {
                    add(condition.items("args").getFirst(), found);
                }
            }
            default -> {
                // May be true of NULL.
            }
        }
        return found;
    }

    private static void add(Part part, Set<Integer> found) {
        if (NodeTree.bare(part) instanceof Node node && node.label().equals("VAR") && node.is("varlevelsup", "0")) {
            found.add((int) node.number("varno"));
        }
    }
}
