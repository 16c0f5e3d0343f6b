package io.refreshd.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The configuration file named on the command line cannot be read. */
final class UnreadableFileException extends Exception {
    private static final long serialVersionUID = 1;

    UnreadableFileException(Path file, IOException cause) {
        super(file + ": " + reason(file, cause), cause);
    }

    private static String reason(Path file, IOException cause) {
        if (Files.isDirectory(file)) {
            return "is a directory, not a configuration file";
        }
        if (cause instanceof NoSuchFileException) {
            return "there is no such file; config/refreshd.yaml is a sample to start from";
        }
        return cause instanceof AccessDeniedException
                ? "may not be read by this user"
                : "cannot be read: " + cause.getMessage();
    }
}
