package io.refreshd.observe;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/** Map with a value for every constant of an enum, so that no look-up returns null. */
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
