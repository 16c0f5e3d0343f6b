package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.report.StreamStatus;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleTest {
    private static final LiveTable.Frame FRAME =
            new LiveTable.Frame(Duration.ZERO, StreamStatus.CONNECTING, 0, 0, List.of());

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void redrawsOverTheTableBefore() {
        Console console = new Console(out, new Screen(true, false, 80));
        console.draw(FRAME);
        assertThat(text()).doesNotContain("\u001b[2A");
        console.draw(FRAME);
        assertThat(text()).contains("\u001b[2A");
    }

    @Test
    void doesNotOverwriteAPrintedLine() {
        Console console = new Console(out, new Screen(true, false, 80));
        console.draw(FRAME);
        console.print("stays");
        bytes.reset();
        console.draw(FRAME);
        assertThat(text()).doesNotContain("A\r");
    }

    @Test
    void drawsNoTableAfterItWasStopped() {
        Console console = new Console(out, Screen.PLAIN);
        console.stopDrawing();
        console.draw(FRAME);
        assertThat(text()).isEmpty();
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
