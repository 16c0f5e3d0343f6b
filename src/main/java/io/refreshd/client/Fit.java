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

/** Which types of the server can be read into which types of Java without losing anything. Pure. */
final class Fit {
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

    private Fit() {}

    /** A type that is not known here fits nothing: better said at the first look than at the first row. */
    static boolean fits(Type java, Column column) {
        if (java instanceof ParameterizedType generic) {
            Type element = generic.getActualTypeArguments()[0];
            return generic.getRawType() == Optional.class
                    ? fits(element, column)
                    : (generic.getRawType() == List.class || generic.getRawType() == Set.class)
                            && fitsElements(element, column);
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
            return plain.isArray() && fitsElements(plain.getComponentType(), column);
        }
        return types.contains(column.type()) || (boxed == String.class && column.enumerated());
    }

    /** The server calls an array by its elements' type behind an underscore. */
    private static boolean fitsElements(Type element, Column column) {
        return column.type().startsWith("_")
                && fits(element, new Column(column.name(), column.type().substring(1), false));
    }
}
