package io.refreshd.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** A mounted secret. */
final class PasswordFile {
    private PasswordFile() {}

    /** @param base the configuration, beside which a relative path is looked for */
    static Secret read(Path base, String file) throws UnfitValue {
        try {
            String text = Files.readString(base.resolveSibling(Values.text(file)));
            // Editors and echo add it; a password that ends in one could not be typed anywhere.
            String password = text.replaceFirst("\\r?\\n\\z", "");
            if (password.isEmpty()) {
                throw new UnfitValue("the file is empty", "write the password into it");
            }
            return new Secret(password);
        } catch (CharacterCodingException e) {
            throw new UnfitValue("the file is not UTF-8", "write the password as text");
        } catch (IOException | InvalidPathException e) {
            throw new UnfitValue("the file cannot be read", "mount it, and let the user that runs refreshd read it");
        }
    }
}
