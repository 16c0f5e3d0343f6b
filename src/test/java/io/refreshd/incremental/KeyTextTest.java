package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class KeyTextTest {
    private static Optional<String> obstacle(String type, String dateStyle, String digits) {
        Map<String, String> settings =
                Map.of("DateStyle", dateStyle, "extra_float_digits", digits, "IntervalStyle", "postgres");
        return KeyText.obstacle(List.of("integer", type), name -> Optional.ofNullable(settings.get(name)));
    }

    @Test
    void textThatSettingsMayShortenIsNoKey() {
        assertThat(obstacle("double precision", "ISO, MDY", "1")).isEmpty();
        assertThat(obstacle("double precision", "ISO, MDY", "0").orElseThrow()).contains("extra_float_digits");
        assertThat(obstacle("date", "iso, mdy", "1")).isEmpty(); // as initdb writes it
        assertThat(obstacle("real", "ISO, MDY", "-3")).isPresent();
        assertThat(obstacle("timestamp with time zone", "SQL, DMY", "3").orElseThrow())
                .contains("DateStyle");
        assertThat(KeyText.obstacle(List.of("date"), name -> Optional.empty())).isPresent();
    }

    @Test
    void textThatNoSettingChangesIsAKeyUnderAllOfThem() {
        assertThat(obstacle("text", "German", "0")).isEmpty();
        assertThat(obstacle("numeric", "German", "0")).isEmpty();
    }
}
