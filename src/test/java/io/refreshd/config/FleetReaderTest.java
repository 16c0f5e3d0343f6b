package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FleetReaderTest {
    private static final String MAIN = """
            database: { user: u, password-file: shared }
            views: { target-lag: 10s, exclude: ["staging.*"] }
            http: { listen: "127.0.0.1:0" }
            databases: { folder: d }
            """;

    @TempDir
    private Path folder;

    @BeforeEach
    void files() throws Exception {
        Files.createDirectory(folder.resolve("d"));
        Files.writeString(folder.resolve("shared"), "of all\n");
        Files.writeString(folder.resolve("d/own"), "of one\n");
    }

    private void database(String name, String more) throws Exception {
        Files.writeString(folder.resolve("d").resolve(name + ".yaml"), more);
    }

    private static String url(String database) {
        return "database: { url: 'jdbc:postgresql://db/" + database + "' }\n";
    }

    private FleetConfiguration read(String main) throws Exception {
        return FleetReader.read(Files.writeString(folder.resolve("main.yaml"), main), Map.of())
                .orElseThrow();
    }

    private Configuration usable(FleetConfiguration fleet, String name) {
        return entry(fleet, name).usable().orElseThrow();
    }

    private static DatabaseEntry entry(FleetConfiguration fleet, String name) {
        return fleet.databases().stream()
                .filter(database -> database.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static String problem(FleetConfiguration fleet, String name) {
        return String.valueOf(
                ((DatabaseEntry.Unusable) entry(fleet, name)).problem().getMessage());
    }

    @Test
    void aFileOfOneDatabaseIsNoFleet() throws Exception {
        Path file = Files.writeString(folder.resolve("one.yaml"), "databases:\n" + url("a"));
        assertThat(FleetReader.read(file, Map.of())).isEmpty();
        assertThat(FleetReader.read(Files.writeString(file, ": no YAML ["), Map.of()))
                .isEmpty();
    }

    @Test
    void aDatabaseHasItsOwnKeysAndTheOthersOfTheMainFile() throws Exception {
        database("a", url("a"));
        database("b", """
                database: { url: "jdbc:postgresql://db/b", user: other, password-file: own }
                capture: { slot: b }
                views: { exclude: ["old.*"], quiet-period: 1s }
                """);
        FleetConfiguration fleet = read(MAIN);
        assertThat(fleet.databases()).extracting(DatabaseEntry::name).containsExactly("a", "b");
        Configuration a = usable(fleet, "a");
        assertThat(a.database()).isEqualTo(new DatabaseSettings("jdbc:postgresql://db/a", "u", new Secret("of all")));
        assertThat(a.views().exclude()).containsExactly(ViewPattern.of("staging.*"));
        assertThat(a.http()).isEqualTo(fleet.http());
        Configuration b = usable(fleet, "b");
        assertThat(b.database())
                .as("a relative path starts at the folder of its file")
                .isEqualTo(new DatabaseSettings("jdbc:postgresql://db/b", "other", new Secret("of one")));
        assertThat(b.views().exclude()).as("a list as a whole").containsExactly(ViewPattern.of("old.*"));
        assertThat(b.views().timing().targetLag()).isEqualTo(Duration.ofSeconds(10));
        assertThat(b.views().timing().quietPeriod()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void aPasswordTakesThePlaceOfASharedPasswordFile() throws Exception {
        database("a", "database: { url: 'jdbc:postgresql://db/a', password: mine }");
        assertThat(usable(read(MAIN), "a").database().password()).isEqualTo(new Secret("mine"));
    }

    @Test
    void databasesMayStandInTheMainFile() throws Exception {
        FleetConfiguration fleet = read("""
                database: { user: u }
                databases:
                  each:
                    a: { database: { url: "jdbc:postgresql://db/a" } }
                    b:
                      database: { url: "jdbc:postgresql://db/b" }
                      views:
                        target-lag: 5
                fleet: { bootstrap-servers: "k:9092" }
                """);
        assertThat(usable(fleet, "a").database().user()).isEqualTo("u");
        assertThat(problem(fleet, "b"))
                .contains("main.yaml, databases.each.b has a problem:")
                .contains("line 8: views.target-lag: the unit is missing");
        assertThat(fleet.group())
                .isEqualTo(Optional.of(new GroupSettings(
                        "k:9092", "refreshd-fleet", "refreshd.database.", Duration.ofSeconds(10), Map.of())));
    }

    /** What each file does wrong, and what is said of it: the file, its line, its key. */
    @Test
    void aBadFileConcernsItsDatabaseAlone() throws Exception {
        database("good", url("good"));
        database("not-yaml", "database: [\n");
        database("no-url", "capture: { slot: x }\n");
        database("http", url("h") + "http: { listen: \"127.0.0.1:1\" }\n");
        database("order", url("o") + "capture: { slot: o }\nviews:\n  quiet-period: 20s\n");
        database("typo", url("t") + "capture: { slott: x }\n");
        database("not a name", url("n") + "capture: { slot: n }\n");
        database("again", url("good") + "capture: { slot: z }\n");
        database("hidden", "");
        Files.move(folder.resolve("d/hidden.yaml"), folder.resolve("d/.hidden.yaml"));
        FleetConfiguration fleet = read(MAIN);
        assertThat(fleet.databases().stream().filter(entry -> entry.usable().isPresent()))
                .extracting(DatabaseEntry::name)
                .containsExactly("again");
        assertThat(problem(fleet, "good"))
                .contains("good.yaml has a problem", "database.url: the same database as again");
        assertThat(problem(fleet, "not-yaml")).contains("not-yaml.yaml has a problem", "not valid YAML");
        assertThat(problem(fleet, "no-url")).contains("line 1: database.url: is missing");
        assertThat(problem(fleet, "http"))
                .contains("line 2: http: not of one database; write it into " + folder.resolve("main.yaml"));
        assertThat(problem(fleet, "order"))
                .contains("order.yaml has a problem", "shorter than quiet-period, which is 20s");
        assertThat(problem(fleet, "typo")).contains("line 2: capture.slott: unknown key; did you mean slot?");
        assertThat(problem(fleet, "not_a_name")).contains("not a name for a database");
        assertThat(fleet.databases()).hasSize(8);
    }

    @Test
    void aSlotOfAServerIsUsedOnce() throws Exception {
        database("a", url("a"));
        database("b", url("b"));
        database("c", "database: { url: 'jdbc:postgresql://other/c' }");
        FleetConfiguration fleet = read(MAIN);
        assertThat(problem(fleet, "b"))
                .contains("b.yaml has a problem")
                .contains("capture.slot: the same server and slot refreshd as a")
                .contains("give each database of a server a slot of its own");
        assertThat(usable(fleet, "c").capture().slot()).isEqualTo("refreshd");
    }

    @Test
    void aProblemOfTheMainFileIsReportedOnceAndEndsAll() throws Exception {
        database("a", url("a"));
        database("b", url("b") + "capture: { slot: b }\n");
        assertThatThrownBy(() -> read(MAIN.replace("10s", "10").replace("exclude", "exlude")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("main.yaml has 2 problems:")
                .hasMessageContaining("line 2: views.target-lag: the unit is missing")
                .hasMessageContaining("line 2: views.exlude: unknown key");
    }

    @Test
    void aFleetWithoutAUsableDatabaseSaysWhatIsWrongWithEach() throws Exception {
        database("a", "database: { url: nonsense }");
        database("b", "view: {}");
        assertThatThrownBy(() -> read(MAIN))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("main.yaml names no database that can be used:")
                .hasMessageContaining("a.yaml has a problem")
                .hasMessageContaining("b.yaml has 2 problems");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nowhere", "empty", "shared"})
    void aFolderWithoutDatabasesIsAProblem(String name) throws Exception {
        Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> read(MAIN.replace("folder: d", "folder: " + name)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("line 4: databases.folder: the folder")
                .hasMessageContaining("name a folder with a file NAME.yaml for each database");
    }

    @Test
    void kafkaSharesSeveralDatabasesOnly() {
        assertThatThrownBy(() -> ConfigurationReader.read(
                        url("a") + "fleet: { bootstrap-servers: 'k:1' }", "one.yaml", Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("line 2: fleet.bootstrap-servers: has no effect");
    }

    @Test
    void settingsOfKafkaThatRefreshdReliesOnAreRefused() throws Exception {
        database("a", url("a"));
        String fleet = "fleet: { bootstrap-servers: 'k:1', topic-prefix: 'a b', client: { group.id: x } }\n";
        assertThatThrownBy(() -> read(MAIN + fleet))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("fleet.topic-prefix: not the beginning of a topic's name")
                .hasMessageContaining("fleet.client[group.id]: not a setting for TLS or authentication");
    }

    @Test
    void manyNamesOfFilesStayApart() throws Exception {
        for (String name : List.of("x y", "x_y", "x\ty")) {
            database(name, url("a"));
        }
        database("z", url("z"));
        assertThat(read(MAIN).databases())
                .extracting(DatabaseEntry::name)
                .hasSize(4)
                .doesNotHaveDuplicates();
    }
}
