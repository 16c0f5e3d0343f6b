package io.refreshd.catalog;

import io.refreshd.model.SqlNames;
import java.util.Objects;

/**
 * A function or aggregate: a row of {@code pg_proc}.
 *
 * @param arguments the types of the arguments, as ALTER FUNCTION takes them
 * @param volatility {@code provolatile}: i(mmutable), s(table), v(olatile); for an aggregate the worst of its support functions
 * @param hash hash of the definition
 * @param readsRelations whether the function, or one that it calls, reads a relation, as far as the server knows: by a body in the standard's
 *     form
 */
public record Function(
        long oid, String schema, String name, String arguments, char volatility, String hash, boolean readsRelations) {
    public Function {
        Objects.requireNonNull(schema);
        Objects.requireNonNull(name);
        Objects.requireNonNull(arguments);
        Objects.requireNonNull(hash);
    }

    boolean builtIn() {
        return Catalog.builtIn(oid);
    }

    String sql() {
        return SqlNames.identifier(schema) + "." + SqlNames.identifier(name) + "(" + arguments + ")";
    }
}
