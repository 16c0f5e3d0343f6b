package io.refreshd.demo;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.database.Connector;
import io.refreshd.database.JdbiFactory;
import io.refreshd.database.SessionKind;
import io.refreshd.incremental.Conversion;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.ViewId;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The environment of the demo: a temporary folder, a PostgreSQL server with the application's database, and the daemon's
 * configuration file.
 *
 * <p>Failure: every part is registered with the {@link Teardown} as soon as it exists, so that a start that fails half way leaves
 * nothing behind.
 *
 * @param application the login of the application
 */
record DemoEnvironment(Path configuration, DatabaseLogin application, int httpPort) {
    static final String FOLDER_PREFIX = "refreshd-demo-";
    static final String LOG = "refreshd.log";

    private static final String SERVER = "postgres";
    private static final String DATABASE = "demo";
    private static final int PASSWORD_BITS = 128;
    private static final int LETTERS_AND_DIGITS = 36;

    /** Creates the folder in the system's temporary directory. Only its owner may read it. */
    static Path folder(Teardown teardown) throws IOException {
        Path folder = Files.createTempDirectory(FOLDER_PREFIX);
        teardown.add(DemoWatchdog.start(folder, LocalPostgres.data(folder.resolve(SERVER))));
        teardown.add(() -> DemoFiles.delete(folder));
        return folder;
    }

    /**
     * Starts the server and creates the database. Blocks.
     *
     * @param binaries the folder to which PostgreSQL is unpacked, or already was
     */
    static DemoEnvironment create(Path folder, Path binaries, DemoOptions options, Teardown teardown) throws Exception {
        return create(folder, binaries, options.rows(), options.httpPort(), options.incrementalViews(), teardown);
    }

    /** @param incremental views that are to be incremental */
    static DemoEnvironment create(
            Path folder, Path binaries, int rows, OptionalInt httpPort, Set<ViewId> incremental, Teardown teardown)
            throws Exception {
        String superuser = password();
        LocalPostgres server = teardown.add(LocalPostgres.start(folder.resolve(SERVER), binaries, Map.of(), superuser));
        // Unpacking the server needs more heap than anything later; only a full collection returns it to the system.
        System.gc();
        DatabaseLogin application = new DatabaseLogin(server.url(DATABASE), DemoSchema.APPLICATION, password());
        DatabaseLogin daemon = new DatabaseLogin(server.url(DATABASE), DemoSchema.DAEMON, password());
        try (Connection admin = new DatabaseLogin(server.url("postgres"), LocalPostgres.USER, superuser).connect()) {
            DemoSchema.createDatabase(admin, DATABASE, application.password(), daemon.password());
        }
        try (Connection app = application.connect()) {
            DemoSchema.create(app, rows);
            convert(daemon, incremental);
            DemoSchema.createTotals(app);
        }
        int port = httpPort.isPresent() ? httpPort.getAsInt() : FreePort.find();
        Path password = DemoFiles.writePrivate(folder.resolve("refreshd.password"), daemon.password());
        Path configuration = Files.writeString(
                folder.resolve("refreshd.yaml"),
                DemoConfiguration.yaml(daemon, String.valueOf(password.getFileName()), port));
        return new DemoEnvironment(configuration, application, port);
    }

    /** As {@code refreshd convert --apply} does. A view that others stand on could not be converted any more. */
    private static void convert(DatabaseLogin daemon, Set<ViewId> views) throws Exception {
        if (views.isEmpty()) {
            return;
        }
        Connector connector = new Connector(
                new DatabaseSettings(daemon.url(), daemon.user(), new Secret(daemon.password())),
                SessionKind.TOOL,
                "refreshd demo");
        try (Handle handle = JdbiFactory.on(connector.open())) {
            LedgerSchema.migrate(handle);
            for (ViewId view : views) {
                Conversion.forward(handle, view);
            }
        }
    }

    /** The command line with which a person looks into the database. */
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

    /** A random password of letters and digits, which need no quoting in SQL, YAML, URLs and shells. */
    private static String password() {
        return new BigInteger(PASSWORD_BITS, new SecureRandom()).toString(LETTERS_AND_DIGITS);
    }
}
