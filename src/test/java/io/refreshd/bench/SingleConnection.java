package io.refreshd.bench;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import javax.sql.DataSource;

/** A data source with one open connection, like a connection pool for one thread: reading is measured without logging in. */
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
