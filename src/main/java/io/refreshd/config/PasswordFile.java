package io.refreshd.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Reads a password from a file, such as a mounted secret. */
final class PasswordFile {
    private PasswordFile() {}

    /** @param base the configuration file; a relative path is resolved against its folder */
    static Secret read(Path base, String file) throws InvalidValueException {
        try {
            String text = Files.readString(base.resolveSibling(ValueParsers.text(file)));
            // Editors and echo add a line break, and nobody can type a password that ends in one.
            String password = text.replaceFirst("\\r?\\n\\z", "");
            if (password.isEmpty()) {
                throw new InvalidValueException("the file is empty", "write the password into it");
            }
            return new Secret(password);
        } catch (CharacterCodingException e) {
            throw new InvalidValueException("the file is not UTF-8", "write the password as text");
        } catch (IOException | InvalidPathException e) {
            throw new InvalidValueException(
                    "the file cannot be read", "mount it, and let the user that runs refreshd read it");
        }
    }
}
