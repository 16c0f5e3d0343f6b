package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class CorrectedClassTest {
    /** With constants of many kinds. */
    public static final class Says implements Supplier<String> {
        private volatile long wide = 4_711_000_000_000L;
        private volatile double fraction = 0.125;

        @Override
        public String get() {
            Supplier<String> later = () -> "old text " + wide + " " + fraction;
            return later.get();
        }
    }

    @Test
    void replacesOneTextAndKeepsTheRest() throws Throwable {
        byte[] corrected = CorrectedClass.with(Map.of("old text \1 \1", "other \1, \1, of another length"), file());
        ClassLoader alone = new ClassLoader(getClass().getClassLoader()) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                return name.equals(Says.class.getName())
                        ? defineClass(name, corrected, 0, corrected.length)
                        : super.loadClass(name, resolve);
            }
        };
        Object says = MethodHandles.publicLookup()
                .findConstructor(alone.loadClass(Says.class.getName()), MethodType.methodType(void.class))
                .invokeWithArguments();
        assertThat(((Supplier<?>) says).get()).isEqualTo("other 4711000000000, 0.125, of another length");
    }

    @Test
    void refusesAClassWithoutTheText() {
        assertThatThrownBy(() -> CorrectedClass.with(Map.of("no such text", ""), file()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no such text");
    }

    private static byte[] file() throws IOException {
        try (InputStream file = CorrectedClassTest.class.getResourceAsStream("CorrectedClassTest$Says.class")) {
            return Objects.requireNonNull(file).readAllBytes();
        }
    }
}
