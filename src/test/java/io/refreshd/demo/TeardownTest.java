package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TeardownTest {
    private final Teardown teardown = new Teardown();
    private final List<String> closed = new ArrayList<>();

    @Test
    void closesInTheOppositeOrderWhateverFails() {
        teardown.add(() -> closed.add("first"));
        teardown.add(() -> {
            throw new IllegalStateException("second");
        });
        teardown.add(() -> closed.add("third"));

        assertThatThrownBy(teardown::close).hasMessage("second");
        assertThat(closed).containsExactly("third", "first");
    }

    @Test
    void closesALatecomerAtOnce() throws Exception {
        teardown.close();
        assertThatThrownBy(() -> teardown.add(() -> closed.add("late"))).isInstanceOf(IllegalStateException.class);
        assertThat(closed).containsExactly("late");
    }
}
