package io.refreshd.observe;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/** A value for every constant of an enum: unlike a map, it has no key without one. */
final class TotalEnumMap<E extends Enum<E>, V> {
    private final Map<E, V> values;

    TotalEnumMap(Class<E> constants, Function<E, V> value) {
        this.values = new EnumMap<>(constants);
        for (E constant : constants.getEnumConstants()) {
            values.put(constant, value.apply(constant));
        }
    }

    V of(E constant) {
        return Objects.requireNonNull(values.get(constant));
    }
}
