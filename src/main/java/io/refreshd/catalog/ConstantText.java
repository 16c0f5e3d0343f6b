package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Token;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Decodes a constant of a query tree into its text form. The tree holds the bytes that the server has in memory, in the server's byte
 * order; only a little-endian server is understood.
 */
final class ConstantText {
    private static final int INT8 = 20;
    private static final int INT2 = 21;
    private static final int INT4 = 23;
    private static final int TEXT = 25;
    private static final int UUID = 2950;

    private ConstantText() {}

    /** The text form of a constant; empty if the part is no constant, is NULL, or is of a type or form that is not decoded here. */
    static Optional<String> of(Part part) {
        if (!(part instanceof Node constant)
                || !constant.label().equals("CONST")
                || !constant.is("constisnull", "false")) {
            return Optional.empty();
        }
        byte[] bytes = bytes(constant.all("constvalue"));
        return Optional.ofNullable(
                switch ((int) constant.number("consttype")) {
                    case TEXT -> text(bytes);
                    case INT2, INT4, INT8 -> integer(bytes);
                    case UUID -> uuid(bytes);
                    default -> null;
                });
    }

    /** The bytes of a constant of any type, each as one character: ASCII text in it reads as such. Empty if the value is NULL. */
    static String raw(Node constant) {
        return new String(bytes(constant.all("constvalue")), StandardCharsets.ISO_8859_1);
    }

    /** Reads {@code length [ byte byte … ]}; no bytes if the form is another. */
    static byte[] bytes(List<Part> tokens) {
        List<String> texts = tokens.stream()
                .map(part -> part instanceof Token(String text) ? text : "")
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

    /**
     * Before the text stand four bytes with its length, shifted by two bits on a little-endian server. Any other header (another byte
     * order, a compressed or short value) is refused.
     */
    private static @Nullable String text(byte[] bytes) {
        if (bytes.length < 4
                || ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt() != bytes.length << 2) {
            return null;
        }
        return new String(bytes, 4, bytes.length - 4, StandardCharsets.UTF_8);
    }

    /**
     * A number that needs more than three bytes is refused. On a big-endian server the same eight bytes, read the other way round, give
     * a number that needs more than three bytes unless it is zero: so no number of such a server is mistaken for another.
     */
    private static @Nullable String integer(byte[] bytes) {
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
