package io.refreshd.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Reads a configuration that names several databases: one file gives the settings of the process and the defaults, and each database has
 * a file of its own in a folder, or a mapping under its name.
 *
 * <p>Failure: a problem of one database makes this one unusable. A problem of what all share makes the whole configuration invalid.
 *
 * <p>Thread: any; an instance lives for one call.
 */
public final class FleetReader {
    /** Bounds pages, metrics and the number of connections. */
    private static final int MOST = 1_000;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final Pattern FILE = Pattern.compile("[^.].*\\.ya?ml");

    private final Section root;
    private final Variables variables;
    private final Map<String, DatabaseEntry> entries = new TreeMap<>();
    private final Map<String, String> sources = new HashMap<>();

    private FleetReader(Section root, Variables variables) {
        this.root = root;
        this.variables = variables;
    }

    /**
     * Reads a configuration file.
     *
     * @return empty if the file is the configuration of one database
     * @throws IOException if the file cannot be read
     * @throws ConfigurationException if what all databases share is not valid, or no database can be used
     */
    public static Optional<FleetConfiguration> read(Path file, Map<String, String> environment)
            throws ConfigurationException, IOException {
        Problems problems = new Problems();
        Variables variables = new Variables(Map.copyOf(environment));
        Section root = ConfigurationReader.root(file, variables, problems).orElse(null);
        // Whoever reads it as the configuration of one database reports what is wrong.
        if (root == null || root.section("databases").keys().isEmpty()) {
            return Optional.empty();
        }
        FleetConfiguration fleet = new FleetReader(root, variables).configuration();
        if (!problems.isEmpty()) {
            throw problems.exception(file.toString());
        }
        if (fleet.databases().stream().noneMatch(entry -> entry.usable().isPresent())) {
            throw ConfigurationException.ofAll(file + " names no database that can be used", fleet.databases());
        }
        return Optional.of(fleet);
    }

    private FleetConfiguration configuration() {
        root.rejectUnknown(Key.sections());
        Section databases = root.section("databases");
        databases.rejectUnknown(Key.leaves("databases"));
        Optional<GroupSettings> group = GroupReader.read(root.section("fleet"), true);
        HttpSettings http = ConfigurationReader.http(root);
        LogSettings log = ConfigurationReader.log(root);
        databases.given(Key.DATABASES_FOLDER, this::files).ifPresent(files -> files.forEach(this::file));
        Section each = databases.section(Key.DATABASES_EACH.leaf());
        each.keys().forEach(name -> {
            Section section = each.section(name);
            add(
                    name,
                    section.file() + ", " + Key.DATABASES_EACH.path() + "." + name,
                    Optional.of(section),
                    new Problems());
        });
        if (entries.size() > MOST) {
            databases.problem(
                    databases.has(Key.DATABASES_FOLDER) ? Key.DATABASES_FOLDER : Key.DATABASES_EACH,
                    entries.size() + " databases",
                    "name at most " + MOST + " in one configuration");
        }
        refuseRepeated();
        return new FleetConfiguration(http, log, List.copyOf(entries.values()), group);
    }

    /** Files that begin with a dot are those of editors, and of Kubernetes where it mounts a folder. */
    private List<Path> files(String folder) throws InvalidValueException {
        String expected = "name a folder with a file NAME.yaml for each database";
        try (Stream<Path> found = Files.list(root.file().resolveSibling(ValueParsers.text(folder)))) {
            List<Path> files = found.filter(
                            path -> FILE.matcher(path.getFileName().toString()).matches())
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw new InvalidValueException("the folder holds no file that ends in .yaml", expected);
            }
            return files;
        } catch (IOException | InvalidPathException e) {
            throw new InvalidValueException("the folder cannot be read", expected);
        }
    }

    private void file(Path file) {
        Problems problems = new Problems();
        Optional<Section> section = Optional.empty();
        try {
            section = ConfigurationReader.root(file, variables, problems);
        } catch (IOException e) {
            problems.add(1, "", "the file cannot be read", "let the user that runs refreshd read it");
        }
        add(file.getFileName().toString().replaceFirst("\\.ya?ml$", ""), file.toString(), section, problems);
    }

    /** @param source shown in messages */
    private void add(String written, String source, Optional<Section> section, Problems problems) {
        String name = written;
        if (!NAME.matcher(written).matches()) {
            problems.add(
                    1,
                    "",
                    "not a name for a database",
                    "write up to 63 letters, digits, dots, hyphens and underscores, and begin with a letter or digit");
            name = written.replaceAll("[^A-Za-z0-9._-]", "_").replaceFirst("^[^A-Za-z0-9]", "x");
            name = name.substring(0, Math.min(name.length(), 63));
        }
        if (entries.containsKey(name)) {
            problems.add(1, "", "another database has the same name", "give it another name");
            String base = name.substring(0, Math.min(name.length(), 59));
            for (int i = 2; entries.containsKey(name); i++) {
                name = base + "-" + i;
            }
        }
        sources.put(name, source.replaceAll("\\p{Cntrl}", "\uFFFD"));
        Optional<Configuration> read =
                section.map(found -> ConfigurationReader.member(found.over(root, problems), root));
        entries.put(
                name,
                read.isPresent() && problems.isEmpty()
                        ? new DatabaseEntry.Usable(name, read.get())
                        : new DatabaseEntry.Unusable(name, problems.exception(String.valueOf(sources.get(name)))));
    }

    /** A database has one ledger, and a server one slot of a name. The first by name is used. */
    private void refuseRepeated() {
        Map<List<String>, String> databases = new HashMap<>();
        Map<List<String>, String> slots = new HashMap<>();
        for (DatabaseEntry entry : new ArrayList<>(entries.values())) {
            entry.usable().ifPresent(configuration -> {
                JdbcUrl.Place place = JdbcUrl.place(configuration.database());
                String first =
                        databases.putIfAbsent(List.of(place.host(), place.port(), place.database()), entry.name());
                String slot = configuration.capture().slot();
                String firstOfSlot = slots.putIfAbsent(List.of(place.host(), place.port(), slot), entry.name());
                if (first != null) {
                    refuse(entry, Key.DATABASE_URL, "the same database as " + first, "remove one of the two");
                } else if (firstOfSlot != null) {
                    refuse(
                            entry,
                            Key.CAPTURE_SLOT,
                            "the same server and slot " + slot + " as " + firstOfSlot,
                            "give each database of a server a slot of its own");
                }
            });
        }
    }

    private void refuse(DatabaseEntry entry, Key key, String what, String expected) {
        Problems problems = new Problems();
        problems.add(1, key.path(), what, expected);
        entries.put(
                entry.name(),
                new DatabaseEntry.Unusable(
                        entry.name(), problems.exception(String.valueOf(sources.get(entry.name())))));
    }
}
