package io.refreshd.demo;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What the demo stands on once it is laid out: a folder, a server with the application's database in it, and the daemon's
 * configuration file. All of it is handed to the {@link Teardown} as it comes into being, so that a start that fails half
 * way leaves nothing either.
 *
 * @param application how the application gets in
 */
record Ground(Path configuration, Access application, int httpPort) {
    static final String FOLDER_PREFIX = "refreshd-demo-";
    static final String LOG = "refreshd.log";

    private static final String DATABASE = "demo";
    private static final int PASSWORD_BITS = 128;
    private static final int LETTERS_AND_DIGITS = 36;

    /** Makes the folder, readable by its owner alone, in the system's folder for such. */
    static Path folder(Teardown teardown) throws IOException {
        Path folder = Files.createTempDirectory(FOLDER_PREFIX);
        teardown.add(() -> Folders.delete(folder));
        return folder;
    }

    /** @param program of PostgreSQL: where it is unpacked to, or already was */
    static Ground lay(Path folder, Path program, int rows, OptionalInt httpPort, Teardown teardown)
            throws IOException, SQLException {
        String superuser = password();
        LocalPostgres server =
                teardown.add(LocalPostgres.start(folder.resolve("postgres"), program, Map.of(), superuser));
        // Unpacking the server filled the heap as nothing will again, and only a full collection gives that back.
        System.gc();
        Access application = new Access(server.url(DATABASE), DemoSchema.APPLICATION, password());
        Access daemon = new Access(server.url(DATABASE), DemoSchema.DAEMON, password());
        try (Connection admin = new Access(server.url("postgres"), LocalPostgres.USER, superuser).connect()) {
            DemoSchema.createDatabase(admin, DATABASE, application.password(), daemon.password());
        }
        try (Connection app = application.connect()) {
            DemoSchema.create(app, rows);
        }
        int port = httpPort.isPresent() ? httpPort.getAsInt() : FreePort.find();
        Path password = Folders.writePrivate(folder.resolve("refreshd.password"), daemon.password());
        Path configuration = Files.writeString(
                folder.resolve("refreshd.yaml"),
                DemoConfiguration.yaml(daemon, String.valueOf(password.getFileName()), port));
        return new Ground(configuration, application, port);
    }

    /** For people who want to look inside. */
    String psql() {
        return "psql '"
                + application
                        .url()
                        .replaceFirst(
                                "^jdbc:postgresql://",
                                "postgresql://" + application.user() + ":" + application.password() + "@")
                + "'";
    }

    String jdbc() {
        return application.url() + "?user=" + application.user() + "&password=" + application.password();
    }

    /** Letters and digits: fit for SQL, YAML, URLs and the shell alike. */
    private static String password() {
        return new BigInteger(PASSWORD_BITS, new SecureRandom()).toString(LETTERS_AND_DIGITS);
    }
}
