package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the exact message for each kind of mistake. */
class BadConfigurationTest {
    private static final String LEAST = "database: { url: 'jdbc:postgresql://db/app', user: u }\n";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                // Durations
                "views: { target-lag: 5 } | views.target-lag: the unit is missing (found: 5); write ms, s, m, h or d after the number",
                "views: { target-lag: 5 weeks } | views.target-lag: there is no such unit (found: 5 weeks); write ms, s, m, h or d",
                "views: { target-lag: 5S } | views.target-lag: there is no such unit (found: 5S); write ms, s, m, h or d",
                "views: { target-lag: soon } | views.target-lag: not a duration (found: soon); write a whole number and a unit, for example 250ms, 5s, 10m, 1h or 1d",
                "views: { target-lag: 1.5s } | views.target-lag: not a duration (found: 1.5s); write a whole number and a unit, for example 250ms, 5s, 10m, 1h or 1d",
                "views: { target-lag: -5s } | views.target-lag: not a duration (found: -5s); write a whole number and a unit, for example 250ms, 5s, 10m, 1h or 1d",
                "views: { quiet-period: 0ms, target-lag: 0ms } | views.target-lag: must be longer than zero (found: 0ms); write at least 1ms",
                "views: { max-staleness: 366d } | views.max-staleness: longer than a year (found: 366d); write at most 365d",
                "views: { max-staleness: 999999999999d } | views.max-staleness: longer than a year (found: 999999999999d); write at most 365d",
                "refresh: { lock-timeout: 25d } | refresh.lock-timeout: longer than PostgreSQL can wait (found: 25d); write at most 24d",
                "capture: { catalog-poll-interval: 31s } | capture.catalog-poll-interval: longer than the daemon could keep its lease (found: 31s); write at most 30s",
                // Other values
                "views: { method: fast } | views.method: there is no such method (found: fast); write concurrent or plain",
                "refresh: { max-concurrent: 0 } | refresh.max-concurrent: out of range (found: 0); write a number from 1 to 64",
                "refresh: { max-concurrent: two } | refresh.max-concurrent: not a whole number (found: two); write a number from 1 to 64",
                "capture: { slot: My-Slot } | capture.slot: not the name of a slot (found: My-Slot); write 1 to 63 lower-case letters, digits and underscores",
                "capture: { publication: '' } | capture.publication: not the name of a publication (found: ); write a name of 1 to 63 bytes",
                "http: { listen: 9464 } | http.listen: not an address to listen on (found: 9464); write host:port, such as 127.0.0.1:9464, 0.0.0.0:9464 or \"[::1]:9464\"; port 0 is any free one",
                "http: { listen: 'h:65536' } | http.listen: not an address to listen on (found: h:65536); write host:port, such as 127.0.0.1:9464, 0.0.0.0:9464 or \"[::1]:9464\"; port 0 is any free one",
                "http: { listen: '::1:9464' } | http.listen: not an address to listen on (found: ::1:9464); write host:port, such as 127.0.0.1:9464, 0.0.0.0:9464 or \"[::1]:9464\"; port 0 is any free one",
                // Patterns
                "views: { include: [orders] } | views.include[0]: the schema is missing (found: orders); write schema.name, such as public.orders_by_day",
                "views: { exclude: [a.b.c] } | views.exclude[0]: more than one dot (found: a.b.c); write schema.name, and a part that holds a dot in double quotes",
                "views: { include: [public.MyView] } | views.include[0]: capital letters outside double quotes (found: public.MyView); write lower-case letters, or double quotes around the part if the catalog has capitals",
                "views: { include: ['a.\"b'] } | views.include[0]: a double quote is not closed (found: a.\"b); write schema.\"name\"",
                "views: { include: ['a.'] } | views.include[0]: schema or name is empty (found: a.); write schema.name; * stands for any",
                "views: { include: [] } | views.include: matches no view; write at least one pattern, or leave the key out for all",
                "views: { include: public.* } | views.include: is a single value; write a list, such as [\"public.*\"]",
                "views: { overrides: { v: {} } } | views.overrides.v: the schema is missing; write schema.name, such as public.orders_by_day",
                "views: { overrides: { a.v: { target-lag: 5 } } } | views.overrides[a.v].target-lag: the unit is missing (found: 5); write ms, s, m, h or d after the number",
                "views: { overrides: { a.v: { include: [] } } } | views.overrides[a.v].include: unknown key; did you mean views.include?",
                // Combinations
                "views: { target-lag: 100ms } | views.target-lag: shorter than quiet-period, which is 250ms (found: 100ms); make it longer, or quiet-period shorter",
                "views: { quiet-period: 90s } | views.quiet-period: longer than target-lag, which is 5s (found: 90s); make it shorter, or target-lag longer",
                "views: { overrides: { a.v: { target-lag: 1ms } } } | views.overrides[a.v].target-lag: shorter than quiet-period, which is 250ms (found: 1ms); make it longer, or quiet-period shorter",
                // Calendar
                "views: { window: '22:00-06:00 Europe/Berln' } | views.window: there is no such time zone (found: 22:00-06:00 Europe/Berln); did you mean Europe/Berlin?",
                "views: { overrides: { a.v: { window: '22:00-06:00' } } } | views.overrides[a.v].window: the time zone is missing (found: 22:00-06:00); write it as in 22:00-06:00 Europe/Berlin, or Mon-Fri 22:00-06:00, Sat,Sun 00:00-24:00 UTC",
                "views: { overrides: { a.v: { window: '22:00-06:00 UTC', max-staleness: 1h } } } | views.overrides[a.v].max-staleness: shorter than the time for which window is closed, 16h (found: 1h); make it longer, or the window wider, or leave one of the two out",
                "views: { window: '22:00-06:00 UTC', schedule: '0 12 * * * UTC' } | views.schedule: no time of it falls into window, which is 22:00-06:00 UTC (found: 0 12 * * * UTC); choose times within the window, or leave the window out",
                "views: { window: 'Sun 22:00-06:00 UTC', schedule: '* 2-4 * * sat UTC' } | views.schedule: no time of it falls into window, which is Sun 22:00-06:00 UTC (found: * 2-4 * * sat UTC); choose times within the window, or leave the window out",
                "views: { schedule: '0 2 * * *' } | views.schedule: not five fields and a time zone (found: 0 2 * * *); write minute, hour, day of month, month, day of week and time zone, as in 30 2 * * 1-5 Europe/Berlin",
                // Groups
                "views: { together: [a.v, [a.v, a.w]] } | views.together[0]: is a single value; write a list of lists, such as [[public.orders, public.totals]]",
                "views: { together: a.v } | views.together: is a single value; write a list of lists, such as [[public.orders, public.totals]]",
                "views: { together: [[a.v]] } | views.together[0]: names fewer than two views; name two or more, or leave it out",
                "views: { together: [[]] } | views.together[0]: names fewer than two views; name two or more, or leave it out",
                "views: { together: [[a.v, w]] } | views.together[0][1]: the schema is missing (found: w); write schema.name, such as public.orders_by_day",
                "views: { together: [[a.v, a.*]] } | views.together[0][1]: a pattern, and not the name of one view (found: a.*); write schema.name; a name that holds * in double quotes",
                "views: { together: [[a.v, [a.w]]] } | views.together[0][1]: is a list; write a single value",
                "views: { together: [[a.v, a.w, 'a.\"v\"']] } | views.together[0][2]: named twice (found: a.\"v\"); remove one of the two",
                "views: { together: [[a.v, a.w], [a.x, a.w]] } | views.together[1][1]: is in another group too (found: a.w); leave it in one group, or make one group of both",
                "views: { exclude: [a.w], together: [[a.v, a.w]] } | views.together[0][1]: is not kept fresh by views.include and views.exclude (found: a.w); include it, or take it out of the group",
                "views: { overrides: { a.w: { method: plain } }, together: [[a.v, a.w]] } | views.together[0][1]: its method is plain, by whose locks the refresh and a reader of two members could wait for each other (found: a.w); give it method: concurrent",
                "views: { overrides: { a.w: { quiet-period: 1s } }, together: [[a.v, a.w]] } | views.together[0][1]: its quiet-period is 1s, and that of a.v is 250ms (found: a.w); give all members of a group the same, for example by one override that matches them",
                "views: { overrides: { a.w: { target-lag: 9s } }, together: [[a.v, a.w]] } | views.together[0][1]: its target-lag is 9s, and that of a.v is 5s (found: a.w); give all members of a group the same, for example by one override that matches them",
                "views: { overrides: { a.v: { max-staleness: 9s } }, together: [[a.v, a.w]] } | views.together[0][1]: its max-staleness is none, and that of a.v is 9s (found: a.w); give all members of a group the same, for example by one override that matches them",
                "views: { overrides: { a.w: { window: '22:00-06:00 UTC' } }, together: [[a.v, a.w]] } | views.together[0][1]: its window is 22:00-06:00 UTC, and that of a.v is none (found: a.w); give all members of a group the same, for example by one override that matches them",
                "views: { overrides: { a.w: { schedule: '0 2 * * * UTC' } }, together: [[a.v, a.w]] } | views.together[0][1]: its schedule is 0 2 * * * UTC, and that of a.v is none (found: a.w); give all members of a group the same, for example by one override that matches them",
                // Keys
                "view: {} | view: unknown key; did you mean views?",
                "views: { targetLag: 5s } | views.targetLag: unknown key; did you mean target-lag?",
                "views: { quite-period: 5s } | views.quite-period: unknown key; did you mean quiet-period?",
                "http: { slot: x } | http.slot: unknown key; did you mean capture.slot?",
                "http: { colour: x } | http.colour: unknown key; known are listen, allowed-hosts",
                "http: { allowed-hosts: ['http://a'] } | http.allowed-hosts[0]: not a host name (found: http://a); write a name without scheme and port, such as refreshd.example.com, or \"*\" for any",
                "http: { allowed-hosts: ['a:9464'] } | http.allowed-hosts[0]: not a host name (found: a:9464); write a name without scheme and port, such as refreshd.example.com, or \"*\" for any",
                "log: { values: yes } | log.values: neither true nor false (found: yes); write true or false",
                "http: { listen: 'a:1', listen: 'a:2' } | http.listen: duplicate key, first on line 2; remove one of the two",
                "http: { [a]: b } | http: a key that is not text; write key: value",
                "capture: { source: topics } | capture.source: there is no such source (found: topics); write pgoutput, debezium or kafka",
                "kafka: { topics: a } | kafka.topics: has no effect; remove it, or write capture.source: kafka",
                // Shapes
                "http: { listen: } | http.listen: has no value; write a single value",
                "http: { listen: [a] } | http.listen: is a list; write a single value",
                "http: { listen: { a: b } } | http.listen: is a mapping; write a single value",
                "http: 'localhost:1' | http: is a single value; write key: value pairs below it",
                "http: !x { listen: 'a:1' } | http: has a tag; write the value alone, without !",
                "http: { listen: !x 'a:1' } | http.listen: has a tag; write the value alone, without !",
                // Variables
                "http: { listen: '${ADDRESS}' } | http.listen: the environment variable ADDRESS is not set (found: ${ADDRESS}); set it, or write ${ADDRESS:-default}",
                "http: { listen: '${ADD RESS}' } | http.listen: ${ does not begin a variable (found: ${ADD RESS}); write ${NAME}, ${NAME:-default}, or $${ for the characters themselves",
                "http: { listen: '${SECRET}' } | http.listen: not an address to listen on (found: ${SECRET}); write host:port, such as 127.0.0.1:9464, 0.0.0.0:9464 or \"[::1]:9464\"; port 0 is any free one",
                // Syntax errors: nothing else of the file can be checked
                "http: { listen: @a } | not valid YAML: found character '@' that cannot start any token; write valid YAML; put a value with special characters in single quotes",
                "http: *x | not valid YAML: found undefined alias x; write valid YAML; put a value with special characters in single quotes",
                "http: { password: *hunter2 } | not valid YAML; write valid YAML; put a value with special characters in single quotes",
            })
    void saysWhatIsWrong(String yaml, String message) {
        assertThat(messageOf(LEAST + yaml)).isEqualTo("f.yaml has a problem:\n  line 2: " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{ url: 'jdbc:mysql://db/app', user: u } | database.url: not a JDBC URL of PostgreSQL (found: jdbc:mysql://db/app); write jdbc:postgresql://host:port/database",
                "{ url: 'postgresql://u:hunter2@db/app', user: u } | database.url: not a JDBC URL of PostgreSQL (found: postgresql://***@db/app); write jdbc:postgresql://host:port/database",
                "{ url: 'jdbc:postgresql://db/app?password=hunter2&ssl=true', user: u } | database.url: holds a secret (found: jdbc:postgresql://db/app?password=***&ssl=true); write it under database.password or database.password-file",
                "{ user: u } | database.url: is missing; write it; it has no default",
                "{ url: 'jdbc:postgresql://one:5432,two/app', user: u } | database.url: names several hosts, but the WAL is read from one (found: jdbc:postgresql://one:5432,two/app); write the one address that leads to the primary even after a failover",
                "{ url: 'jdbc:postgresql://db/app' } | database.user: is missing; write it; it has no default",
                "{ url: 'jdbc:postgresql://db/app', user: ' ' } | database.user: is empty (found:  ); write a value",
                "{ url: 'jdbc:postgresql://db/app', user: u, password: hunter2, password-file: f } | database.password-file: given together with password; write only one of the two",
                "{ url: 'jdbc:postgresql://db/app', user: u, password-file: /none/such } | database.password-file: the file cannot be read (found: /none/such); mount it, and let the user that runs refreshd read it",
                "{ url: 'jdbc:postgresql://db/app', user: u, password-file: /dev/null } | database.password-file: the file is empty (found: /dev/null); write the password into it",
                "{ url: 'jdbc:postgresql://db/app', user: u, password: [hunter2] } | database.password: is a list; write a single value",
                "{ url: 'jdbc:postgresql://db/app', user: u, password: '${hunter-2}' } | database.password: ${ does not begin a variable; write ${NAME}, ${NAME:-default}, or $${ for the characters themselves",
                "{ url: 'jdbc:postgresql://db/app', user: u, pasword: hunter2 } | database.pasword: unknown key; did you mean password?",
            })
    void saysWhatIsWrongWithTheDatabase(String yaml, String message) {
        assertThat(messageOf("database: " + yaml))
                .isEqualTo("f.yaml has a problem:\n  line 1: " + message)
                .doesNotContain("hunter");
    }

    @Test
    void reportsAllAtOnceInTheOrderOfTheLines() {
        String yaml = """
                database:
                  user: u
                views:
                  target-lag: 5
                  include:
                    - ok.*
                    - bad
                http:
                  listen: x
                  lisen: y
                """;
        assertThat(problemsOf(yaml).stream().map(p -> p.line() + " " + p.path()).toList())
                .containsExactly(
                        "1 database.url", "4 views.target-lag", "7 views.include[1]", "9 http.listen", "10 http.lisen");
        assertThat(messageOf(yaml)).startsWith("f.yaml has 5 problems:\n  line 1: ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`` | the file is empty; write at least database.url and database.user",
                "# nothing | the file is empty; write at least database.url and database.user",
                "~ | the file is empty; write at least database.url and database.user",
                "hello | the file holds no mapping; write sections such as database: with keys below them",
                "- a | the file holds no mapping; write sections such as database: with keys below them",
            })
    void saysWhenThereIsNothingToRead(String yaml, String message) {
        assertThat(messageOf(yaml)).isEqualTo("f.yaml has a problem:\n  line 1: " + message);
    }

    @Test
    void namesTheLineOfASyntaxError() {
        assertThat(messageOf("a: b\nc: d\n\te: f\n"))
                .startsWith("f.yaml has a problem:\n  line 3: not valid YAML: found character '\\t(TAB)'")
                .contains("indentation");
        assertThat(messageOf("a: b\nc: \u0001\n"))
                .isEqualTo("f.yaml has a problem:\n"
                        + "  line 2: not valid YAML: a character that may not be in it; remove the character");
        assertThat(messageOf("a: b\n---\nc: d\n")).contains("line 2: not valid YAML");
    }

    @Test
    void staysOnOneLineWhateverTheFileHolds() {
        String message = messageOf(LEAST + "http: { listen: \"a\\nb\\e[31m" + "x".repeat(200) + "\" }");
        assertThat(message.lines()).hasSize(2);
        assertThat(message).contains("a\uFFFDb\uFFFD[31mx").contains("x…)").doesNotContain("x".repeat(81));
    }

    private static String messageOf(String yaml) {
        return String.valueOf(failureOf(yaml).getMessage());
    }

    private static List<Problem> problemsOf(String yaml) {
        return failureOf(yaml).problems();
    }

    private static ConfigurationException failureOf(String yaml) {
        ConfigurationException failure = catchThrowableOfType(
                ConfigurationException.class,
                () -> ConfigurationReader.read(yaml, "f.yaml", Map.of("SECRET", "hunter2")));
        assertThat(failure).as("%s", yaml).isNotNull();
        assertThat(failure.problems().stream().map(Problem::toString).collect(Collectors.joining("\n")))
                .doesNotContain("hunter2");
        return failure;
    }

    @Test
    void reportsAllProblemsOfTheTopicsAtOnce() {
        String yaml = """
                database: { url: 'jdbc:postgresql://db/app', user: u }
                capture: { source: kafka }
                kafka:
                  bootstrap-servers: kafka
                  topics: a/b
                  connector: no such file
                  client:
                    ssl.truststore.password:
                    group.id: hunter2
                    sasl.jaas.config: hunter2${
                """;
        assertThat(problemsOf(yaml).stream().map(Object::toString).toList())
                .containsExactly(
                        "line 4: kafka.bootstrap-servers: not the addresses of brokers (found: kafka); write host:port, and commas between several of them",
                        "line 5: kafka.topics: not a pattern for topics (found: a/b); write letters, digits, dots, underscores and hyphens, and * for any run of them",
                        "line 6: kafka.connector: the file cannot be read (found: no such file); write the settings of the connector into it, as JSON",
                        "line 8: kafka.client[ssl.truststore.password]: has no value; write a single value",
                        "line 9: kafka.client[group.id]: not a setting for TLS or authentication; write settings that begin with security., ssl. or sasl.; refreshd sets all others",
                        "line 10: kafka.client[sasl.jaas.config]: ${ does not begin a variable; write ${NAME}, ${NAME:-default}, or $${ for the characters themselves");
        assertThat(
                        problemsOf("database: { url: 'jdbc:postgresql://db/app', user: u }\ncapture: { source: kafka }")
                                .stream()
                                .map(Problem::path))
                .containsExactly("kafka.bootstrap-servers", "kafka.topics", "kafka.connector");
    }

    @Test
    void refusesIncrementalRoleViewsOverSeveralTopics(@TempDir Path folder) throws Exception {
        Path connector = Files.writeString(folder.resolve("c.json"), "{}");
        String yaml = """
                database: { url: 'jdbc:postgresql://db/app', user: u }
                capture: { source: kafka }
                kafka: { bootstrap-servers: 'a:1', topics: %s, connector: %s }
                role-views:
                  templates:
                    public.v_{role}: { kind: incremental, query: 'SELECT 1 AS id', unique-key: [id], roles: [a] }
                """;
        assertThat(problemsOf(yaml.formatted("'app.*'", connector)).stream().map(Object::toString))
                .containsExactly(
                        "line 5: role-views.templates: an incremental view needs changes in the order of the log; name one topic in kafka.topics, without *");
        assertThat(ConfigurationReader.read(yaml.formatted("app", connector), "f.yaml", Map.of())
                        .roleViews())
                .hasSize(1);
    }
}
