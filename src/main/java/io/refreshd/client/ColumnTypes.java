package io.refreshd.client;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** The PostgreSQL types that can be read into each Java type without loss. Pure. */
final class ColumnTypes {
    private static final Set<String> TEXT = Set.of("text", "varchar", "bpchar", "name", "citext", "char");
    private static final Set<String> INSTANT = Set.of("timestamptz");

    private static final Map<Class<?>, Set<String>> TYPES = Map.ofEntries(
            Map.entry(String.class, TEXT),
            Map.entry(Long.class, Set.of("int8", "int4", "int2", "oid")),
            Map.entry(Integer.class, Set.of("int4", "int2")),
            Map.entry(Short.class, Set.of("int2")),
            Map.entry(Boolean.class, Set.of("bool")),
            Map.entry(Double.class, Set.of("float8", "float4")),
            Map.entry(Float.class, Set.of("float4")),
            Map.entry(BigDecimal.class, Set.of("numeric", "int8", "int4", "int2")),
            Map.entry(UUID.class, Set.of("uuid")),
            Map.entry(byte[].class, Set.of("bytea")),
            Map.entry(Instant.class, INSTANT),
            Map.entry(OffsetDateTime.class, INSTANT),
            Map.entry(ZonedDateTime.class, INSTANT),
            Map.entry(LocalDateTime.class, Set.of("timestamp")),
            Map.entry(LocalDate.class, Set.of("date")),
            Map.entry(LocalTime.class, Set.of("time")));

    private static final Map<Class<?>, Class<?>> BOXES = Map.of(
            long.class, Long.class,
            int.class, Integer.class,
            short.class, Short.class,
            boolean.class, Boolean.class,
            double.class, Double.class,
            float.class, Float.class);

    private ColumnTypes() {}

    /**
     * Whether a column can be read into a Java type. For a Java type that is not listed here the answer is no: the caller learns
     * it when the view is looked up, and not from a failure at the first row.
     */
    static boolean canRead(Type java, Column column) {
        if (java instanceof ParameterizedType generic) {
            Type element = generic.getActualTypeArguments()[0];
            return generic.getRawType() == Optional.class
                    ? canRead(element, column)
                    : (generic.getRawType() == List.class || generic.getRawType() == Set.class)
                            && canReadElements(element, column);
        }
        if (!(java instanceof Class<?> plain)) {
            return false;
        }
        Class<?> boxed = BOXES.getOrDefault(plain, plain);
        if (boxed.isEnum()) {
            return column.enumerated() || TEXT.contains(column.type());
        }
        Set<String> types = TYPES.get(boxed);
        if (types == null) {
            return plain.isArray() && canReadElements(plain.getComponentType(), column);
        }
        return types.contains(column.type()) || (boxed == String.class && column.enumerated());
    }

    /** The catalog names an array type by an underscore and the name of its element type. */
    private static boolean canReadElements(Type element, Column column) {
        return column.type().startsWith("_")
                && canRead(element, new Column(column.name(), column.type().substring(1), false));
    }
}
