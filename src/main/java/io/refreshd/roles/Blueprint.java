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
 * What a view is made from, by key of the configuration. The ledger keeps it beside each view, so that a later template can be
 * compared with it word by word. Pure.
 */
record Blueprint(Map<String, String> parts) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GRANT_TO = "grant-to";

    static Blueprint of(RoleViewTemplate template) {
        Map<String, String> parts = new LinkedHashMap<>();
        boolean materialized = template.definition().materialized();
        parts.put("kind", materialized ? "materialized-view" : "view");
        parts.put(
                "query",
                String.join(RoleViewName.ROLE, template.definition().query().parts()));
        if (materialized) {
            parts.put("unique-key", String.join(", ", template.definition().uniqueKey()));
            if (!template.definition().indexes().isEmpty()) {
                parts.put("indexes", String.join("; ", template.definition().indexes()));
            }
        }
        template.access().grantTo().ifPresent(reader -> parts.put(GRANT_TO, reader));
        template.access().owner().ifPresent(owner -> parts.put("owner", owner));
        return new Blueprint(parts);
    }

    /** Of what cannot be read nothing is known, and all of it has changed. */
    static Blueprint parse(String text) {
        try {
            return new Blueprint(JSON.readValue(text, new TypeReference<LinkedHashMap<String, String>>() {}));
        } catch (JsonProcessingException e) {
            return new Blueprint(Map.of());
        }
    }

    String text() {
        try {
            return JSON.writeValueAsString(parts);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a map of texts could not be written", e);
        }
    }

    /** The role of the database that the template let read the view of this role. */
    Optional<String> reader(String role) {
        return Optional.ofNullable(parts.get(GRANT_TO)).map(name -> name.replace(RoleViewName.ROLE, role));
    }

    /** What has to change for this to become the other. */
    List<Change> changesTo(Blueprint other) {
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
