package io.refreshd.catalog;

import java.util.List;
import java.util.Set;

/** The operators whose equality agrees with the equality of text forms, by the types of both sides. */
final class KeyEquality {
    /**
     * Types that are compared with each other, and the oids of the operators {@code =} that do it. The server never changes them.
     *
     * @param types as in {@link Relation.Column#keyType}
     */
    private record Family(Set<String> types, Set<Long> operators) {}

    private static final List<Family> FAMILIES = List.of(
            new Family(
                    Set.of("pg_catalog.int2", "pg_catalog.int4", "pg_catalog.int8"),
                    Set.of(94L, 96L, 410L, 532L, 533L, 15L, 416L, 1862L, 1868L)),
            new Family(Set.of("pg_catalog.text", "pg_catalog.varchar"), Set.of(98L)),
            new Family(Set.of("pg_catalog.bpchar"), Set.of(1054L)),
            new Family(Set.of("pg_catalog.bool"), Set.of(91L)),
            new Family(Set.of("pg_catalog.uuid"), Set.of(2972L)),
            new Family(Set.of("pg_catalog.numeric"), Set.of(1752L)),
            new Family(Set.of("pg_catalog.date"), Set.of(1093L)),
            new Family(Set.of("pg_catalog.timestamp"), Set.of(2060L)),
            new Family(Set.of("pg_catalog.timestamptz"), Set.of(1320L)));

    private KeyEquality() {}

    /** @param operator compares the column that is looked up by its values with the one that is shown */
    static boolean holds(long operator, Relation.Column column, Relation.Column shown) {
        return FAMILIES.stream()
                .anyMatch(family -> family.types().contains(shown.keyType())
                        && family.types().contains(column.keyType())
                        && family.operators().contains(operator));
    }
}
