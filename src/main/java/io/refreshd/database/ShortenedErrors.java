package io.refreshd.database;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * What the server sends on a connection, with long errors shortened and without notices.
 *
 * <p>An error quotes the value that it is about, whatever its size, and a function may raise one of any size and notices without number.
 * The driver keeps all of that in memory, so a single row or function could end the process. Nobody reads notices here.
 *
 * <p>Source: PostgreSQL documentation, "Message Formats". A message has a byte for its type and four for its length, which counts itself.
 * The body of an error is a list of fields, each a byte for its code and a text that ends with zero; a zero ends the list.
 *
 * <p>Thread: one at a time, that of the connection.
 */
final class ShortenedErrors extends InputStream {
    /** Errors up to this length are left as they are. */
    static final int LONGEST_ERROR = 64 * 1024;

    /** What is kept of each field of a longer one. */
    static final int LONGEST_FIELD = 4 * 1024;

    private static final int HEADER = 5;
    private static final byte[] CUT = {' ', '.', '.', '.'};

    private final InputStream server;
    private final byte[] chunk = new byte[8 * 1024];
    private int from;
    private int to;

    private final ByteBuffer header = ByteBuffer.allocate(HEADER);
    /** What is left of the body of the present message. */
    private int left;

    private Body body = Body.PASSED;
    /** Made here, and to be handed out next. */
    private ByteBuffer made = ByteBuffer.allocate(0);
    /** The fields of the error that is being shortened. */
    private final ByteArrayOutputStream fields = new ByteArrayOutputStream();
    /** The bytes of the present field so far; 0 before its code. */
    private int ofField;

    private enum Body {
        PASSED,
        LEFT_OUT,
        SHORTENED
    }

    ShortenedErrors(InputStream server) {
        this.server = server;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    /** Blocks only before it has anything to return. A timeout loses nothing: the next call goes on. */
    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int read = 0;
        while (read < length) {
            if (made.hasRemaining()) {
                int some = Math.min(made.remaining(), length - read);
                made.get(target, offset + read, some);
                read += some;
            } else if (from == to) {
                if (read > 0) {
                    return read;
                }
                int some = server.read(chunk, 0, chunk.length);
                if (some < 0) {
                    return -1;
                }
                from = 0;
                to = some;
            } else if (left == 0) {
                takeHeader();
            } else if (body == Body.PASSED) {
                int some = Math.min(Math.min(left, to - from), length - read);
                System.arraycopy(chunk, from, target, offset + read, some);
                from += some;
                left -= some;
                read += some;
            } else {
                takeBody();
            }
        }
        return read;
    }

    @Override
    public int available() throws IOException {
        return made.remaining() + (to - from) + server.available();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private void takeHeader() throws IOException {
        int some = Math.min(header.remaining(), to - from);
        header.put(chunk, from, some);
        from += some;
        if (header.hasRemaining()) {
            return;
        }
        byte type = header.get(0);
        left = header.getInt(1) - Integer.BYTES;
        if (left < 0) {
            throw new IOException("the server sent a message of an impossible length");
        }
        if (type == 'N') {
            body = Body.LEFT_OUT;
        } else if (type == 'E' && left > LONGEST_ERROR) {
            body = Body.SHORTENED;
            fields.reset();
            ofField = 0;
        } else {
            body = Body.PASSED;
            made = ByteBuffer.wrap(header.array().clone());
        }
        header.clear();
    }

    private void takeBody() {
        int some = Math.min(left, to - from);
        if (body == Body.SHORTENED) {
            for (int at = from; at < from + some; at++) {
                takeByteOfError(chunk[at]);
            }
        }
        from += some;
        left -= some;
        if (left == 0 && body == Body.SHORTENED) {
            made = ByteBuffer.allocate(1 + Integer.BYTES + fields.size())
                    .put((byte) 'E')
                    .putInt(Integer.BYTES + fields.size())
                    .put(fields.toByteArray())
                    .flip();
        }
    }

    private void takeByteOfError(byte next) {
        if (next == 0) {
            if (ofField > LONGEST_FIELD) {
                fields.writeBytes(CUT);
            }
            fields.write(0);
            ofField = 0;
            return;
        }
        // A character is kept whole, or not at all: its further bytes begin with the bits 10.
        boolean begins = (next & 0xC0) != 0x80;
        if (ofField < LONGEST_FIELD - 4 || (ofField < LONGEST_FIELD && !begins)) {
            fields.write(next);
            ofField++;
        } else {
            ofField = LONGEST_FIELD + 1;
        }
    }
}
