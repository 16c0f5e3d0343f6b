package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Signal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every role may write logical decoding messages: of any prefix, any content and any size. */
class HostileMessagesTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "boom",
                "",
                "-9000000000000000000",
                "9000000000000000000",
                "4891363200000000",
                "99999999999999999999"
            })
    void aForgedHeartbeatHasNoTime(String body) {
        assertThat(Heartbeat.emittedAt(new Signal(Signal.HEARTBEAT, body))).isEmpty();
    }

    @Test
    void aSignalIsRead() {
        assertThat(SignalReader.read(message("refreshd:fence", "1".getBytes(StandardCharsets.UTF_8))))
                .contains(new Signal("fence", "1"));
        assertThat(SignalReader.read(message("refreshd:", new byte[0]))).contains(new Signal("", ""));
    }

    @Test
    void bytesThatAreNoTextAreReadAsReplacements() {
        assertThat(SignalReader.read(message("refreshd:fence", new byte[] {(byte) 0xe9, 0})))
                .contains(new Signal("fence", "\ufffd\0"));
    }

    @Test
    void aLongMessageIsNoSignal() {
        assertThat(SignalReader.read(message("refreshd:fence", new byte[257]))).isEmpty();
        assertThat(SignalReader.read(message("refreshd:" + "x".repeat(33), new byte[0])))
                .isEmpty();
        assertThat(SignalReader.read(message("x".repeat(100_000), new byte[100_000])))
                .isEmpty();
        assertThat(SignalReader.read(message("refreshd", new byte[0]))).isEmpty();
    }

    @Test
    void lengthsThatContradictTheMessageAreNoSignal() {
        ByteBuffer tooLong = message("refreshd:fence", new byte[3]);
        assertThat(SignalReader.read(tooLong.slice(0, tooLong.limit() - 1))).isEmpty();
        for (int end = 0; end < tooLong.limit(); end++) {
            assertThat(SignalReader.read(tooLong.slice(0, end))).isEmpty();
        }
        ByteBuffer negative = message("refreshd:fence", new byte[0]);
        negative.putInt(negative.limit() - 4, -1);
        assertThat(SignalReader.read(negative)).isEmpty();
    }

    private static ByteBuffer message(String prefix, byte[] content) {
        byte[] name = prefix.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(name.length + 1 + 4 + content.length)
                .put(name)
                .put((byte) 0)
                .putInt(content.length)
                .put(content)
                .flip();
    }
}
