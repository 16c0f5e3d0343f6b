package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Properties;

/**
 * The major versions of PostgreSQL that refreshd was tested with, from the oldest to the one that the build tests with.
 *
 * <p>The server's form of a query tree is its own affair, and differs from version to version. So the query trees of a newer server are not
 * read: what they say could be misunderstood. Its views are decided by table and column, and no row is looked up by their queries.
 */
public final class TestedVersions {
    public static final int OLDEST = 15;
    public static final int NEWEST = newest();

    private TestedVersions() {}

    /** Why no query tree of this server is read; empty if they are. */
    static Optional<Obstacle> obstacle(Connection connection) throws SQLException {
        int version = connection.getMetaData().getDatabaseMajorVersion();
        return version <= NEWEST
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        "refreshd reads the query trees of PostgreSQL up to " + NEWEST
                                + ", with which it was tested, and not of " + version,
                        Remedy.text("look for a newer refreshd; until then the view is decided by table and column")));
    }

    private static int newest() {
        try (InputStream file = TestedVersions.class.getResourceAsStream("tested-versions.properties")) {
            Properties properties = new Properties();
            properties.load(file);
            return Integer.parseInt(properties.getProperty("newest").split("\\.", 2)[0]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
