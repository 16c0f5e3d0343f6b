package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.model.SqlNames;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes the SQL of a bound in time, such as {@code now() - interval '30 days'}, from its form in a query tree. Pure.
 *
 * <p>Operators are written as calls of the built-in functions behind them, so that no search path and no operator of a user alters the
 * meaning. Whatever is not known here has no SQL.
 */
final class ClockExpression {
    private static final long INTERVAL = 1186;
    private static final long FLOAT8 = 701;
    private static final Map<Long, String> TYPES = Map.of(23L, "int4", 25L, "text");

    /** Words that return the start of the transaction, by the number of the word. */
    private static final Map<Long, String> WORDS = Map.of(
            0L,
            "CURRENT_DATE",
            3L,
            "CURRENT_TIMESTAMP",
            4L,
            "CURRENT_TIMESTAMP",
            7L,
            "LOCALTIMESTAMP",
            8L,
            "LOCALTIMESTAMP");

    private static final long LAST_WORD_OF_TIME = 8;

    /** Far beyond any interval that is written. On a server of the other byte order the same bytes would be larger. */
    private static final long MOST_MONTHS_OR_DAYS = 1L << 24;

    private static final long MOST_MICROSECONDS = 1L << 48;

    private ClockExpression() {}

    /** Whether the node itself returns the time, whatever is around it. */
    static boolean isClock(Node node) {
        return switch (node.label()) {
            case "FUNCEXPR" -> ClockFunctions.readsClock(node.number("funcid"));
            case "SQLVALUEFUNCTION" -> node.number("op") >= 0 && node.number("op") <= LAST_WORD_OF_TIME;
            default -> false;
        };
    }

    static boolean readsClock(Part expression) {
        boolean[] found = {false};
        expression.visit(node -> found[0] |= isClock(node));
        return found[0];
    }

    /** The SQL of the expression; empty if a part of it is not known. */
    static Optional<String> sql(Part expression) {
        if (!(NodeTree.bare(expression) instanceof Node node)) {
            return Optional.empty();
        }
        return switch (node.label()) {
            case "FUNCEXPR" -> call(node, node.number("funcid"));
            case "OPEXPR" -> call(node, node.number("opfuncid"));
            case "SQLVALUEFUNCTION" -> word(node);
            case "CONST" -> constant(node);
            default -> Optional.empty();
        };
    }

    private static Optional<String> call(Node node, long function) {
        List<String> arguments = new ArrayList<>();
        for (Part argument : node.items("args")) {
            Optional<String> sql = sql(argument);
            if (sql.isEmpty()) {
                return Optional.empty();
            }
            arguments.add(sql.get());
        }
        return ClockFunctions.ofBound(function)
                .map(name -> "pg_catalog." + SqlNames.identifier(name) + "(" + String.join(", ", arguments) + ")");
    }

    private static Optional<String> word(Node node) {
        long precision = node.number("typmod");
        return Optional.ofNullable(WORDS.get(node.number("op")))
                .map(word -> precision < 0 ? word : word + "(" + precision + ")");
    }

    private static Optional<String> constant(Node node) {
        if (!node.is("constisnull", "false")) {
            return Optional.empty();
        }
        long type = node.number("consttype");
        if (type == INTERVAL) {
            return interval(ConstantText.bytes(node.all("constvalue")));
        }
        if (type == FLOAT8) {
            byte[] bytes = ConstantText.bytes(node.all("constvalue"));
            return bytes.length == Double.BYTES
                    ? Optional.of("'"
                            + ByteBuffer.wrap(bytes)
                                    .order(ByteOrder.LITTLE_ENDIAN)
                                    .getDouble() + "'::pg_catalog.float8")
                    : Optional.empty();
        }
        String name = TYPES.get(type);
        return name == null
                ? Optional.empty()
                : ConstantText.of(node)
                        .filter(text -> !text.contains("\\"))
                        .map(text -> "'" + text.replace("'", "''") + "'::pg_catalog." + name);
    }

    /** Each field has a sign of its own, so that the text means the same under each {@code IntervalStyle}. */
    private static Optional<String> interval(byte[] bytes) {
        if (bytes.length != 16) {
            return Optional.empty();
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long microseconds = buffer.getLong();
        long days = buffer.getInt();
        long months = buffer.getInt();
        return Math.abs(microseconds) < MOST_MICROSECONDS
                        && Math.abs(days) < MOST_MONTHS_OR_DAYS
                        && Math.abs(months) < MOST_MONTHS_OR_DAYS
                ? Optional.of("'%+d mons %+d days %+d microseconds'::pg_catalog.interval"
                        .formatted(months, days, microseconds))
                : Optional.empty();
    }
}
