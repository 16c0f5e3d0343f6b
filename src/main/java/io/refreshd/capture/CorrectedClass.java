package io.refreshd.capture;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Replaces texts in a class file, such as the SQL of a library. Pure. Source: the Java Virtual Machine Specification, section 4.4. */
final class CorrectedClass {
    private static final int UTF8 = 1;
    private static final int LONG = 5;
    private static final int DOUBLE = 6;

    private CorrectedClass() {}

    /**
     * Returns the class file with other texts in its pool of constants.
     *
     * @param texts the new text of each old one, each as a whole
     * @throws IOException if one of them is not in the file, or this is no class file
     */
    static byte[] with(Map<String, String> texts, byte[] classFile) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(classFile));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        Set<String> missing = new HashSet<>(texts.keySet());
        out.writeLong(in.readLong());
        int constants = in.readUnsignedShort();
        out.writeShort(constants);
        for (int i = 1; i < constants; i++) {
            int tag = in.readUnsignedByte();
            out.writeByte(tag);
            if (tag == UTF8) {
                String text = in.readUTF();
                missing.remove(text);
                out.writeUTF(texts.getOrDefault(text, text));
            } else {
                out.write(in.readNBytes(length(tag)));
                if (tag == LONG || tag == DOUBLE) {
                    i++; // Takes two places.
                }
            }
        }
        out.write(in.readAllBytes());
        if (!missing.isEmpty()) {
            throw new IOException("the class has no text " + missing);
        }
        return bytes.toByteArray();
    }

    private static int length(int tag) throws IOException {
        return switch (tag) {
            case 7, 8, 16, 19, 20 -> 2;
            case 15 -> 3;
            case 3, 4, 9, 10, 11, 12, 17, 18 -> 4;
            case LONG, DOUBLE -> 8;
            default -> throw new IOException("constants of kind " + tag + " are not known");
        };
    }
}
