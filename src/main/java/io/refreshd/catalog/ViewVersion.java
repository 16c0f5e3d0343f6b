package io.refreshd.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;

/**
 * The version of a view with all that it reads: another one once somebody has altered any of it ({@link RelationVersions}).
 *
 * @param relations oids of what was hashed, of the view itself too
 * @param hash empty if the view reads what was not there when the versions were read
 */
public record ViewVersion(Set<Long> relations, String hash) {
    public ViewVersion {
        relations = Set.copyOf(relations);
    }

    /** Whether it is certain that two versions with this hash are the same. */
    public boolean isKnown() {
        return !hash.isEmpty();
    }

    /** Whether the version is known, and would be the same if it was read now. It costs a few index look-ups. */
    public boolean isCurrent(Connection connection) throws SQLException {
        return isKnown()
                && RelationVersions.read(connection, relations).of(relations).equals(this);
    }
}
