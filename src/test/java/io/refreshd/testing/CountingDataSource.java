package io.refreshd.testing;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;

/** A data source that records every statement sent to the server, except those of the driver around transactions. */
public final class CountingDataSource {
    private final DataSource real;
    private final List<String> statements = new CopyOnWriteArrayList<>();

    public CountingDataSource(DataSource real) {
        this.real = real;
    }

    public DataSource dataSource() {
        return proxy(DataSource.class, real, "");
    }

    /** The statements since the last call. */
    public List<String> take() {
        List<String> taken = List.copyOf(statements);
        statements.clear();
        return taken;
    }

    private <T> T proxy(Class<T> type, T target, String sql) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    if (method.getName().startsWith("execute")) {
                        statements.add(arguments == null ? sql : arguments[0].toString());
                    }
                    try {
                        return wrap(method.invoke(target, arguments), arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    private Object wrap(Object result, Object... arguments) throws SQLException {
        return switch (result) {
            case PreparedStatement prepared -> proxy(PreparedStatement.class, prepared, arguments[0].toString());
            case java.sql.Statement plain -> proxy(java.sql.Statement.class, plain, "");
            case Connection connection -> proxy(Connection.class, connection, "");
            case null, default -> result;
        };
    }
}
