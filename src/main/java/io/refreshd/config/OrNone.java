package io.refreshd.config;

import java.util.Optional;

/**
 * The value of a key that is given, which may be {@code none}.
 *
 * @param value empty for {@code none}; an override uses it to lift what it inherits
 */
public record OrNone<T>(Optional<T> value) {
    static final String NONE = "none";

    /** Reads the text by the parser, unless it is {@code none}. */
    static <T> OrNone<T> parse(String text, Section.Parser<? extends T> parser) throws InvalidValueException {
        return new OrNone<>(text.equals(NONE) ? Optional.empty() : Optional.of(parser.parse(text)));
    }
}
