package io.refreshd.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.model.Remedy;
import io.refreshd.observe.PlainJson;

/** The JSON that {@code --json} prints: one indented object. No field is left out; a value that is not known is null. */
final class Json {
    private Json() {}

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static String text(JsonNode node) {
        return PlainJson.indented(node);
    }

    /** The one form of a remedy in JSON, see {@link PlainJson#remedy}. */
    static JsonNode remedy(Remedy remedy) {
        return PlainJson.remedy(remedy);
    }

    /** The object on one line, for a verb that prints one after the other. */
    static String line(JsonNode node) {
        return PlainJson.line(node);
    }
}
