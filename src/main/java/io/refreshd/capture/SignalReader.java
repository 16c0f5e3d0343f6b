package io.refreshd.capture;

import io.refreshd.model.Signal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Reads refreshd's own messages among the logical decoding messages of the log. Pure.
 *
 * <p>Invariant: every role may write messages of any prefix, any bytes and up to a gigabyte. So nothing is copied before prefix and
 * length have shown that the message can be one of refreshd's, and no content makes the reader throw.
 */
final class SignalReader {
    private static final byte[] PREFIX = Signal.PREFIX.getBytes(StandardCharsets.US_ASCII);

    /** In bytes. The longest kind that refreshd writes has nine. */
    private static final int LONGEST_KIND = 32;

    /** In bytes. The longest body that refreshd writes, a heartbeat's, has fifty. */
    private static final int LONGEST_BODY = 256;

    private SignalReader() {}

    /**
     * @param message positioned at the prefix, which ends with a zero byte; the content follows, after its length
     * @return empty if the message is not one of refreshd's
     */
    static Optional<Signal> read(ByteBuffer message) {
        int start = message.position();
        for (byte expected : PREFIX) {
            if (!message.hasRemaining() || message.get() != expected) {
                return Optional.empty();
            }
        }
        int kind = start + PREFIX.length;
        int end = kind;
        while (end < message.limit() && message.get(end) != 0) {
            end++;
            if (end - kind > LONGEST_KIND) {
                return Optional.empty();
            }
        }
        if (message.limit() - end < 1 + Integer.BYTES) {
            return Optional.empty();
        }
        int length = message.getInt(end + 1);
        int body = end + 1 + Integer.BYTES;
        if (length < 0 || length > LONGEST_BODY || length > message.limit() - body) {
            return Optional.empty();
        }
        return Optional.of(new Signal(text(message, kind, end - kind), text(message, body, length)));
    }

    private static String text(ByteBuffer message, int start, int length) {
        byte[] bytes = new byte[length];
        message.get(start, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
