package io.refreshd.roles;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.refreshd.client.RoleViewName;
import io.refreshd.config.RoleViewTemplate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The part of a template that determines its views, as text by key of the configuration. The ledger stores it with each view, so
 * that a later template can be compared with it key by key. Pure.
 */
record TemplateDefinition(Map<String, String> parts) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GRANT_TO = "grant-to";

    static TemplateDefinition of(RoleViewTemplate template) {
        Map<String, String> parts = new LinkedHashMap<>();
        RoleViewTemplate.Definition definition = template.definition();
        parts.put("kind", definition.kind().text());
        parts.put("query", String.join(RoleViewName.ROLE, definition.query().parts()));
        if (definition.kind().isKept()) {
            if (!definition.uniqueKey().isEmpty()) {
                parts.put("unique-key", String.join(", ", definition.uniqueKey()));
            }
            if (!definition.indexes().isEmpty()) {
                parts.put("indexes", String.join("; ", definition.indexes()));
            }
        }
        template.access().grantTo().ifPresent(reader -> parts.put(GRANT_TO, reader));
        template.access().owner().ifPresent(owner -> parts.put("owner", owner));
        return new TemplateDefinition(parts);
    }

    /** Parses what the ledger stores. A text that cannot be parsed counts as empty, so that every key of the template has changed. */
    static TemplateDefinition parse(String text) {
        try {
            return new TemplateDefinition(JSON.readValue(text, new TypeReference<LinkedHashMap<String, String>>() {}));
        } catch (JsonProcessingException e) {
            return new TemplateDefinition(Map.of());
        }
    }

    String text() {
        try {
            return JSON.writeValueAsString(parts);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a map of strings cannot be written as JSON", e);
        }
    }

    /** The database role that the template grants {@code SELECT} on the view of a role. */
    Optional<String> reader(String role) {
        return Optional.ofNullable(parts.get(GRANT_TO)).map(name -> name.replace(RoleViewName.ROLE, role));
    }

    /** The keys whose values differ in another definition. */
    List<Change> changesTo(TemplateDefinition other) {
        Set<String> keys = new LinkedHashSet<>(other.parts.keySet());
        keys.addAll(parts.keySet());
        List<Change> changes = new ArrayList<>();
        for (String key : keys) {
            Optional<String> before = Optional.ofNullable(parts.get(key));
            Optional<String> after = Optional.ofNullable(other.parts.get(key));
            if (!before.equals(after)) {
                changes.add(new Change(key, before, after));
            }
        }
        return changes;
    }
}
