package io.refreshd.observe;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.model.PlainText;
import io.refreshd.model.Remedy;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON. Control characters and invisible format characters are escaped, also those that JSON permits as they are, since the
 * output is read in terminals too. Whoever parses it gets the same text.
 *
 * <p>Thread: any.
 */
public final class PlainJson {
    private static final ObjectWriter LINE = new ObjectMapper(factory()).writer();
    private static final ObjectWriter INDENTED = LINE.withDefaultPrettyPrinter();

    private PlainJson() {}

    /** A factory whose generators escape as this class does. */
    public static JsonFactory factory() {
        JsonFactory factory = new JsonFactory();
        factory.setCharacterEscapes(new Invisible());
        return factory;
    }

    public static String indented(JsonNode node) {
        return write(INDENTED, node);
    }

    public static String line(JsonNode node) {
        return write(LINE, node);
    }

    /** A remedy: {@code text} for people, null if there is none; {@code sql} for programs. JSON's null for no remedy at all. */
    public static JsonNode remedy(Remedy remedy) {
        if (remedy.isEmpty()) {
            return NullNode.instance;
        }
        ObjectNode node =
                JsonNodeFactory.instance.objectNode().put("text", remedy.text().isEmpty() ? null : remedy.text());
        remedy.sql().forEach(node.putArray("sql")::add);
        return node;
    }

    private static String write(ObjectWriter writer, JsonNode node) {
        try {
            return writer.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values could not be written", e);
        }
    }

    /** Jackson asks for every character beyond ASCII, and takes ASCII from the table. */
    private static final class Invisible extends CharacterEscapes {
        private static final long serialVersionUID = 1;
        private static final int DELETE = 0x7f;

        @Override
        public int[] getEscapeCodesForAscii() {
            int[] codes = standardAsciiEscapesForJSON();
            codes[DELETE] = ESCAPE_STANDARD;
            return codes;
        }

        @Override
        public @Nullable SerializableString getEscapeSequence(int character) {
            char c = (char) character;
            return PlainText.isVisible(c) ? null : new SerializedString(String.format("\\u%04x", (int) c));
        }
    }
}
