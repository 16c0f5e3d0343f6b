package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Obstacle;
import io.refreshd.testing.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** Of a server that is newer than those of the build, no query tree is read. */
class TestedVersionsIT {
    private static final int NEWER = TestedVersions.NEWEST + 1;

    @Test
    void theServersOfTheBuildAreTested() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect()) {
            assertThat(connection.getMetaData().getDatabaseMajorVersion()).isEqualTo(TestedVersions.NEWEST);
            assertThat(TestedVersions.obstacle(connection)).isEmpty();
        }
    }

    @Test
    void aNewerServersQueryTreesAreNotRead() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE item (id int PRIMARY KEY, role_id int, day text)",
                    "CREATE MATERIALIZED VIEW of_role AS SELECT id FROM item WHERE role_id = 1",
                    "CREATE MATERIALIZED VIEW by_day AS SELECT id, day::date AS day FROM item");
            Catalog tested = CatalogReader.read(connection);
            Catalog newer = CatalogReader.read(newer(connection));
            assertThat(tested.rules()).hasSize(2).noneMatch(rule -> rule.tree().isEmpty());
            assertThat(tested.untrusted()).isEmpty();
            assertThat(newer.rules()).hasSize(2).allMatch(rule -> rule.tree().isEmpty());
            assertThat(newer.untrusted().values())
                    .hasSize(2)
                    .extracting(Obstacle::what)
                    .allMatch(what -> what.contains("up to " + TestedVersions.NEWEST) && what.endsWith("of " + NEWER));
            assertThat(newer.rules().stream().filter(rule -> rule.traits().contains(Rule.Trait.CLOCK)))
                    .as("a cast that may read the clock")
                    .hasSize(1);
            assertThat(newer.rules())
                    .extracting(Rule::hash)
                    .containsExactlyElementsOf(
                            tested.rules().stream().map(Rule::hash).toList());
        }
    }

    private static Connection newer(Connection connection) {
        return proxy(Connection.class, connection, "getMetaData", () -> {
            try {
                return proxy(DatabaseMetaData.class, connection.getMetaData(), "getDatabaseMajorVersion", () -> NEWER);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private interface Answer {
        Object get();
    }

    private static <T> T proxy(Class<T> type, T target, String name, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) ->
                        method.getName().equals(name) ? answer.get() : invoke(method, target, arguments)));
    }

    private static Object invoke(Method method, Object target, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
