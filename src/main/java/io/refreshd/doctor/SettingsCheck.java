package io.refreshd.doctor;

import io.refreshd.catalog.MaterializedView;
import io.refreshd.catalog.Relation;
import io.refreshd.database.PlainSession;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Checks whether the settings of a plain session of each view's owner are known, since a refresh runs under them. */
final class SettingsCheck implements Check {
    private static final Set<String> SENT_BY_THE_DRIVER = Set.of("TimeZone", "DateStyle");

    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        Connection connection = database.handle().getConnection();
        Set<Long> included = database.graph().views().values().stream()
                .map(MaterializedView::oid)
                .collect(Collectors.toSet());
        TreeMap<Long, Long> viewOfOwner = new TreeMap<>();
        for (Relation relation : database.catalog().relations()) {
            if (included.contains(relation.oid())) {
                viewOfOwner.putIfAbsent(relation.traits().owner(), relation.oid());
            }
        }
        Set<String> assumed = new TreeSet<>();
        Set<String> forbidden = new TreeSet<>();
        Set<String> zones = new LinkedHashSet<>();
        for (long view : viewOfOwner.values()) {
            PlainSession session = PlainSession.ofOwner(connection, view);
            assumed.addAll(session.assumed());
            forbidden.addAll(session.forbidden());
            if (session.assumed().contains("TimeZone")) {
                session.valueOf("TimeZone").ifPresent(zones::add);
            }
        }
        return findings(assumed, forbidden, zones, database.catalog().role(), connection.getCatalog());
    }

    private static List<Finding> findings(
            Set<String> assumed, Set<String> forbidden, Set<String> zones, String role, String name) {
        List<Finding> findings = new ArrayList<>();
        String database = SqlNames.identifier(name);
        if (assumed.contains("TimeZone")) {
            String zone = String.join(", ", zones);
            findings.add(new Finding(
                    Severity.INFO,
                    "time-zone",
                    "TimeZone",
                    "the server's own time zone cannot be read; " + zone + ", that of its log, is taken for it",
                    "A refresh runs in the time zone that a session of the view's owner has. The driver hides the server's own.",
                    Remedy.sql("ALTER DATABASE " + database + " SET timezone = '" + zone + "'")));
        }
        Set<String> hidden = new TreeSet<>(assumed);
        hidden.removeAll(SENT_BY_THE_DRIVER);
        if (!hidden.isEmpty()) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "hidden-settings",
                    role,
                    "the role's own settings hide those of the server: " + String.join(", ", hidden),
                    "A refresh runs with the settings that a session of the view's owner has, and refreshd takes the"
                            + " built-in value for each of these.",
                    Remedy.sql(hidden.stream()
                            .flatMap(setting -> Stream.of(
                                    "ALTER ROLE " + SqlNames.identifier(role) + " RESET " + setting,
                                    "ALTER ROLE " + SqlNames.identifier(role) + " IN DATABASE " + database + " RESET "
                                            + setting))
                            .toList())));
        }
        if (!forbidden.isEmpty()) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "forbidden-settings",
                    role,
                    "the role may not set what the owner of a view has set: " + String.join(", ", forbidden),
                    "A refresh runs without these settings, and may store something else than a session of the owner"
                            + " would.",
                    Remedy.sql("GRANT SET ON PARAMETER " + String.join(", ", forbidden) + " TO "
                            + SqlNames.identifier(role))));
        }
        return findings;
    }
}
