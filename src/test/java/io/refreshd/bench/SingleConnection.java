package io.refreshd.bench;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import javax.sql.DataSource;

/** A pool of one, as an application has a pool: what is measured is reading, and not logging in. For one thread. */
final class SingleConnection {
    private SingleConnection() {}

    static DataSource of(Connection connection) {
        Connection lasting = proxy(Connection.class, connection, null);
        return proxy(DataSource.class, null, lasting);
    }

    private static <T> T proxy(Class<T> type, T target, Connection lent) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> switch (method.getName()) {
                    case "getConnection" -> lent;
                    case "close" -> null;
                    default -> {
                        try {
                            yield method.invoke(target, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    }
                }));
    }
}
