package io.refreshd.capture;

import io.refreshd.database.Connector;
import io.refreshd.database.SessionKind;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Decodes names in the database's encoding by asking the server, so that a name here is the name that the catalog has. A table of its own
 * for each encoding could differ from the server's.
 *
 * <p>Failure: without a connection, decoding throws and the stream ends; the next attempt asks again.
 *
 * <p>Thread: the one that reads the stream. A name is asked for once, over a connection that is closed again.
 */
final class ServerNames implements Function<byte[], Optional<String>> {
    /** SQLSTATE of an answer with bytes that are not UTF-8, or that UTF-8 has no equivalent for. */
    private static final Set<String> NOT_SENT = Set.of("22021", "22P05");

    /** Names that are remembered. Whoever may create tables decides how many there are. */
    private static final int MOST = 10_000;

    private final Connector connector;
    private final Map<ByteBuffer, Optional<String>> known = new HashMap<>();

    ServerNames(CaptureSettings settings, String application) {
        this.connector = new Connector(settings.server().settings(), SessionKind.CAPTURE, application);
    }

    @Override
    public Optional<String> apply(byte[] name) {
        if (known.size() >= MOST) {
            known.clear();
        }
        return known.computeIfAbsent(ByteBuffer.wrap(name), bytes -> ask(name));
    }

    private Optional<String> ask(byte[] name) {
        try (Connection connection = connector.open();
                PreparedStatement statement = connection.prepareStatement(
                        "SELECT pg_catalog.convert_from(?, pg_catalog.getdatabaseencoding())")) {
            statement.setBytes(1, name);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return Optional.of(row.getString(1));
            }
        } catch (SQLException e) {
            if (NOT_SENT.contains(String.valueOf(e.getSQLState()))) {
                return Optional.empty();
            }
            throw new IllegalStateException("a name in the stream could not be decoded", e);
        }
    }
}
