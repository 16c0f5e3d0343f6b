package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Attacks by an {@link Attacker} on everything of refreshd that reads her view: look-ups, audits and the verbs.
 *
 * <p>One daemon reads the views of all attacks while their tables are written. Each has a schema with a table, a view and functions of its
 * own, so that the server's counters tell which of them succeeded.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ForeignCodeReadersIT {
    /**
     * @param name of the schema
     * @param id a key of the table, as a literal
     * @param newId a key that the table lacks, as a literal
     * @param limited what graph says besides, with the attacker's name for OWNER
     * @param statements of the attacker, with the schema's name for mal
     */
    private record Attack(String name, String id, String newId, String limited, List<String> statements) {
        String[] sql() {
            return statements.stream().map(this::own).toArray(String[]::new);
        }

        String own(String text) {
            return text.replace("mal.", name + ".");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Attack attack(String name, String... statements) {
        return new Attack(name, "3", "42", "limited: ", List.of(statements));
    }

    private static Attack limited(String name, String limited, String... statements) {
        return new Attack(name, "3", "42", limited, List.of(statements));
    }

    static Stream<Attack> attacks() {
        return Stream.of(
                limited(
                        "domain_in_an_array_that_a_look_up_checks",
                        "limited: constraint dom_check uses the function mal.act()",
                        "CREATE DOMAIN mal.dom AS text CHECK (mal.act())",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, ('{' || v || '}')::mal.dom[] AS v FROM mal.t"),
                attack(
                        "domain_without_trace_in_the_dependencies",
                        "CREATE DOMAIN mal.dom AS text CHECK (mal.act())",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, v,"
                                + " JSON_VALUE(to_jsonb(t), '$.v' RETURNING mal.dom) IS NULL AS x FROM mal.t AS t"),
                new Attack(
                        "cast_to_an_enum_key",
                        "'a'",
                        "'c'",
                        "limited: ",
                        List.of(
                                "CREATE TYPE mal.e AS ENUM ('a', 'b', 'c')",
                                "CREATE FUNCTION mal.make(text) RETURNS mal.e LANGUAGE plpgsql IMMUTABLE AS"
                                        + " 'BEGIN PERFORM mal.act(); RETURN ''b''; END'",
                                "CREATE CAST (text AS mal.e) WITH FUNCTION mal.make(text)",
                                "DROP TABLE mal.t",
                                "CREATE TABLE mal.t (id mal.e PRIMARY KEY, v text NOT NULL, n int)",
                                "INSERT INTO mal.t VALUES ('a', 'v', 1), ('b', 'v', 2)",
                                "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, v FROM mal.t")),
                limited(
                        "expression_in_an_index_of_the_view",
                        "limited: index mal.odd uses the function mal.one(integer), which belongs to OWNER",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, v FROM mal.t",
                        "CREATE INDEX odd ON mal.mv (v, mal.one(1))"),
                attack(
                        "condition_of_an_index_of_the_table",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, v FROM mal.t",
                        "CREATE INDEX odd ON mal.t (v) WHERE mal.one(1) = n"),
                attack(
                        "expression_in_statistics",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, v FROM mal.t",
                        "CREATE STATISTICS mal.odd ON v, (mal.one(1)) FROM mal.mv"),
                attack(
                        "key_of_a_table_that_the_view_names_as_a_value",
                        "CREATE TABLE mal.parted (id int) PARTITION BY HASH ((id + mal.one(1)))",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, v,"
                                + " satisfies_hash_partition('mal.parted'::regclass, 1, 0, id) AS x FROM mal.t"),
                attack(
                        "text_that_is_run_as_a_query",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, v,"
                                + " query_to_xml('SELECT mal.act()', true, true, '')::text AS x FROM mal.t"),
                attack(
                        "function_that_leaves_the_owners_role",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, v, mal.one(id) AS x FROM mal.t"),
                // The stored query calls hstore(record). Parsed anew, its text would find another one that fits better.
                attack(
                        "namesake_for_a_definition_that_is_parsed_anew",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, public.hstore(t) AS h FROM mal.t AS t",
                        "CREATE FUNCTION public.hstore(mal.t) RETURNS public.hstore LANGUAGE plpgsql IMMUTABLE AS"
                                + " 'BEGIN PERFORM mal.act();"
                                + " RETURN public.hstore(ARRAY[''id'', ''v'', ''n''], ARRAY[$1.id::text, $1.v, $1.n::text]); END'"),
                attack(
                        "key_of_an_untrusted_domain",
                        "CREATE DOMAIN mal.dom AS int CHECK (mal.act())",
                        "DROP TABLE mal.t",
                        "CREATE TABLE mal.t (id mal.dom PRIMARY KEY, v text NOT NULL, n int)",
                        "INSERT INTO mal.t SELECT i, 'v', i FROM generate_series(1, 20) i",
                        "CREATE MATERIALIZED VIEW mal.mv AS SELECT id, v FROM mal.t"));
    }

    private Attacker attacker;
    private String graph;
    private String audit;
    private String check;

    /** Runs everything that reads the views. */
    @BeforeAll
    void attackAll(@TempDir Path folder) throws Exception {
        TestDatabase database = TestDatabase.create();
        attacker = Attacker.in(database, folder);
        database.execute("CREATE EXTENSION hstore", "GRANT CREATE ON SCHEMA public TO " + attacker.name());
        List<Attack> attacks = attacks().toList();
        for (Attack attack : attacks) {
            attacker.prepare(attack.name());
            attacker.run(attack.sql());
            attacker.run(attack.own("CREATE UNIQUE INDEX ON mal.mv (id)"));
        }
        String yaml = attacker.yaml("views: { quiet-period: 50ms }");
        try (RunningDaemon daemon = RunningDaemon.start(yaml)) {
            daemon.awaitFresh();
            for (Attack attack : attacks) {
                attacker.run(
                        attack.own("UPDATE mal.t SET n = n + 1 WHERE id = " + attack.id()),
                        attack.own("UPDATE mal.t SET v = 'new' WHERE id = " + attack.id()),
                        attack.own("INSERT INTO mal.t VALUES (" + attack.newId() + ", 'more', 1)"));
            }
            awaitContent(daemon, attacks);
            for (Attack attack : attacks) {
                attacker.run(attack.own("DELETE FROM mal.t WHERE id = " + attack.newId()));
            }
            awaitContent(daemon, attacks);
            for (Attack attack : attacks) {
                String key = attack.id().replace("'", "");
                attacker.verb(yaml, "explain", attack.own("mal.t"), "--key", key);
                attacker.verb(yaml, "explain", attack.own("mal.t"), "--key", key, "--json");
            }
            attacker.verb(yaml, "audit", "--json");
            attacker.verb(yaml, "check");
            attacker.verb(yaml, "status");
            attacker.verb(yaml, "graph", "--json");
            attacker.verb(yaml, "plan");
            graph = attacker.verb(yaml, "graph");
            audit = attacker.verb(yaml, "audit");
            check = attacker.verb(yaml, "check", "--json");
        }
        attacker.awaitNoSession();
    }

    private void awaitContent(RunningDaemon daemon, List<Attack> attacks) throws Exception {
        for (Attack attack : attacks) {
            attacker.awaitContent(attack.name());
        }
        daemon.awaitFresh();
    }

    @AfterAll
    void drop() throws Exception {
        attacker.close();
    }

    @ParameterizedTest
    @MethodSource("attacks")
    void nothingOfTheAttackRanAsRefreshd(Attack attack) throws Exception {
        attacker.assertNothingRan(attack.name());
        assertThat(graph.split("→ " + attack.own("mal.mv") + "\n", 2)[1].split("→", 2)[0])
                .contains(attack.own(attack.limited()).replace("OWNER", attacker.name()));
        assertThat(audit).contains(attack.own("mal.mv: untrusted: not compared: "));
    }

    @Test
    void checkCountsThem() {
        assertThat(check).contains("untrusted-code", attacks().count() + " views");
    }
}
