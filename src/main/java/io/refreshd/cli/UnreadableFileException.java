package io.refreshd.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file named on the command line cannot be read. */
final class UnreadableFileException extends Exception {
    private static final long serialVersionUID = 1;

    /**
     * @param kind what the file should be
     * @param advice what to do if there is none
     */
    UnreadableFileException(Path file, String kind, String advice, IOException cause) {
        super(file + ": " + reason(file, kind, advice, cause), cause);
    }

    private static String reason(Path file, String kind, String advice, IOException cause) {
        if (Files.isDirectory(file)) {
            return "is a directory, not " + kind;
        }
        if (cause instanceof NoSuchFileException) {
            return "there is no such file; " + advice;
        }
        return cause instanceof AccessDeniedException
                ? "may not be read by this user"
                : "cannot be read: " + cause.getMessage();
    }
}
