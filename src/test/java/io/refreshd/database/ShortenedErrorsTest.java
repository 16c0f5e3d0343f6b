package io.refreshd.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShortenedErrorsTest {
    private static final String LONG = "x".repeat(ShortenedErrors.LONGEST_ERROR);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 4096, 100_000})
    void passesEverythingButNoticesAndLongErrors(int most) throws Exception {
        byte[] rows = message('D', LONG + LONG);
        byte[] error = message('E', "SERROR\0MNo.\0\0");
        byte[] empty = message('Z', "");
        byte[] sent = joined(rows, message('N', "MSome.\0\0"), error, message('N', LONG), empty, rows);
        assertThat(received(sent, most)).isEqualTo(joined(rows, error, empty, rows));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4096, 100_000})
    void shortensEachFieldOfALongError(int most) throws Exception {
        String euros = "€".repeat(ShortenedErrors.LONGEST_ERROR);
        byte[] sent =
                joined(message('E', "SERROR\0C22P02\0M" + euros + "\0D" + LONG + "\0Rroutine\0\0"), message('Z', "I"));
        byte[] received = received(sent, most);
        String error = new String(received, 5, received.length - 5 - 6, StandardCharsets.UTF_8);
        String[] fields = error.split("\0");
        assertThat(ByteBuffer.wrap(received).getInt(1)).isEqualTo(received.length - 1 - 6);
        assertThat(fields).hasSize(5);
        assertThat(fields[0]).isEqualTo("SERROR");
        assertThat(fields[1]).isEqualTo("C22P02");
        assertThat(fields[2]).matches("M€{1300,1365} \\.\\.\\.");
        assertThat(fields[3]).matches("Dx{4000,4096} \\.\\.\\.");
        assertThat(fields[4]).isEqualTo("Rroutine");
        assertThat(error).endsWith("\0\0");
    }

    /** What the server sends, with a timeout before each part. @param most the length of a part, and of what is asked for */
    private static byte[] received(byte[] sent, int most) throws IOException {
        Random random = new Random(most);
        InputStream parts = new InputStream() {
            private int at;
            private boolean timedOut;

            @Override
            public int read() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                timedOut = !timedOut && random.nextInt(50) == 0;
                if (timedOut) {
                    throw new SocketTimeoutException();
                }
                if (at == sent.length) {
                    return -1;
                }
                int some = Math.min(Math.min(length, 1 + random.nextInt(most)), sent.length - at);
                System.arraycopy(sent, at, target, offset, some);
                at += some;
                return some;
            }
        };
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        try (InputStream shortened = new ShortenedErrors(parts)) {
            byte[] buffer = new byte[most];
            while (true) {
                try {
                    int some = shortened.read(buffer, 0, 1 + random.nextInt(most));
                    if (some < 0) {
                        return received.toByteArray();
                    }
                    received.write(buffer, 0, some);
                } catch (SocketTimeoutException again) {
                    continue;
                }
            }
        }
    }

    private static byte[] message(char type, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(5 + bytes.length)
                .put((byte) type)
                .putInt(4 + bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] joined(byte[]... messages) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] one : messages) {
            all.writeBytes(one);
        }
        return all.toByteArray();
    }

    @Test
    void endsWithTheServer() throws Exception {
        assertThat(received(message('E', LONG), 9)).isNotEmpty();
        assertThat(received(new byte[0], 9)).isEmpty();
    }
}
