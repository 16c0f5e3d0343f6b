package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TeardownTest {
    private final Teardown teardown = new Teardown();
    private final List<String> ended = new ArrayList<>();

    @Test
    void endsInTheOppositeOrderWhateverFails() {
        teardown.add(() -> ended.add("first"));
        teardown.add(() -> {
            throw new IllegalStateException("second");
        });
        teardown.add(() -> ended.add("third"));

        assertThatThrownBy(teardown::close).hasMessage("second");
        assertThat(ended).containsExactly("third", "first");
    }

    @Test
    void endsALatecomerAtOnce() throws Exception {
        teardown.close();
        assertThatThrownBy(() -> teardown.add(() -> ended.add("late"))).isInstanceOf(IllegalStateException.class);
        assertThat(ended).containsExactly("late");
    }
}
