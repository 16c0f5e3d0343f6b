package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Word;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The condition {@code column = constant} or {@code column IN (constants)}.
 *
 * @param column its number in what it belongs to
 * @param collation by which the condition compares; 0 where there is none
 * @param ownCollation that of the column
 * @param values in text form
 */
record Equality(int column, long collation, long ownCollation, Set<String> values) {
    private static final int TEXT = 25;
    private static final int UUID = 2950;

    /** Oids of "=": of text, of whole numbers of two, four and eight bytes with each other, of uuid. They never change. */
    private static final Set<Long> OPERATORS = Set.of(98L, 94L, 96L, 410L, 532L, 533L, 15L, 416L, 1862L, 1868L, 2972L);

    /** Names of types whose values are equal exactly if their text forms are, given a deterministic collation. */
    private static final Set<String> EXACT = Set.of(
            "pg_catalog.text",
            "pg_catalog.varchar",
            "pg_catalog.int2",
            "pg_catalog.int4",
            "pg_catalog.int8",
            "pg_catalog.uuid");

    /** @param index of what the column must belong to */
    static Optional<Equality> of(Node condition, int index) {
        boolean single = condition.label().equals("OPEXPR");
        boolean several = condition.label().equals("SCALARARRAYOPEXPR") && condition.is("useOr", "true");
        List<Part> sides = condition.items("args");
        if ((!single && !several) || sides.size() != 2 || !OPERATORS.contains(condition.number("opno"))) {
            return Optional.empty();
        }
        Node column = column(sides.get(0), index);
        Part constant = sides.get(1);
        if (column == null && single) {
            column = column(sides.get(1), index);
            constant = sides.get(0);
        }
        if (column == null) {
            return Optional.empty();
        }
        List<Part> constants = several ? elements(constant) : List.of(constant);
        Set<String> values = new HashSet<>();
        for (Part part : constants) {
            String value = value(part);
            if (value == null) {
                return Optional.empty();
            }
            values.add(value);
        }
        return constants.isEmpty()
                ? Optional.empty()
                : Optional.of(new Equality(
                        (int) column.number("varattno"),
                        condition.number("inputcollid"),
                        column.number("varcollid"),
                        values));
    }

    /** Whether two values of the table's column are equal for this condition exactly if their text forms are. */
    boolean comparesLikeText(Relation.Column origin) {
        return EXACT.contains(origin.keyType()) && collation == ownCollation;
    }

    /** A varchar or a domain is looked at as its base type, which changes no value. */
    private static @Nullable Node column(Part side, int index) {
        Part inside = side;
        while (inside instanceof Node node
                && node.label().equals("RELABELTYPE")
                && node.all("arg").size() == 1) {
            inside = node.all("arg").getFirst();
        }
        return inside instanceof Node node
                        && node.label().equals("VAR")
                        && node.is("varlevelsup", "0")
                        && node.number("varno") == index
                        && node.number("varattno") > 0
                ? node
                : null;
    }

    private static List<Part> elements(Part array) {
        return array instanceof Node node
                        && (node.label().equals("ARRAYEXPR") || node.label().equals("ARRAY"))
                        && node.is("multidims", "false")
                ? node.items("elements")
                : List.of();
    }

    /** Of a constant the tree holds the bytes that the server has in memory. */
    private static @Nullable String value(Part part) {
        if (!(part instanceof Node constant)
                || !constant.label().equals("CONST")
                || !constant.is("constisnull", "false")) {
            return null;
        }
        byte[] bytes = bytes(constant.all("constvalue"));
        return switch ((int) constant.number("consttype")) {
            case TEXT -> text(bytes);
            case 20, 21, 23 -> number(bytes);
            case UUID -> uuid(bytes);
            default -> null;
        };
    }

    private static byte[] bytes(List<Part> words) {
        List<String> texts = words.stream()
                .map(part -> part instanceof Word(String text) ? text : "")
                .toList();
        if (texts.size() < 3 || !texts.get(1).equals("[") || !texts.getLast().equals("]")) {
            return new byte[0];
        }
        byte[] bytes = new byte[texts.size() - 3];
        for (int i = 0; i < bytes.length; i++) {
            if (!texts.get(i + 2).matches("-?[0-9]{1,3}")) {
                return new byte[0];
            }
            bytes[i] = (byte) Integer.parseInt(texts.get(i + 2));
        }
        return bytes;
    }

    /** Four bytes of length, shifted by two on a little-endian machine, stand before the text; nothing else is understood. */
    private static @Nullable String text(byte[] bytes) {
        if (bytes.length < 4
                || ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt() != bytes.length << 2) {
            return null;
        }
        return new String(bytes, 4, bytes.length - 4, StandardCharsets.UTF_8);
    }

    /**
     * A number that needs more than three bytes is not taken: read from a big-endian machine, whose order of bytes is the other
     * one, every number but zero needs more, so that none is mistaken for another.
     */
    private static @Nullable String number(byte[] bytes) {
        if (bytes.length != Long.BYTES) {
            return null;
        }
        long value = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return value >= 0 && value < 1 << 24 ? Long.toString(value) : null;
    }

    private static @Nullable String uuid(byte[] bytes) {
        if (bytes.length != 16) {
            return null;
        }
        StringBuilder text = new StringBuilder();
        IntStream.range(0, bytes.length).forEach(i -> {
            text.append(i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "");
            text.append("%02x".formatted(bytes[i]));
        });
        return text.toString();
    }
}
