package io.refreshd.exchange;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Finds what {@code ALTER DEFAULT PRIVILEGES} has granted on a new relation to others than its owner. */
public final class Defaults {
    private Defaults() {}

    public static List<String> revokes(Handle transaction, ViewId relation) {
        return transaction
                .createQuery("""
                        SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s FROM %s', :name,
                                 CASE a.grantee WHEN 0 THEN 'PUBLIC'
                                      ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)::text) END)
                          FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
                         WHERE c.oid = pg_catalog.to_regclass(:name) AND a.grantee <> c.relowner
                        """)
                .bind("name", SqlNames.qualified(relation))
                .mapTo(String.class)
                .list();
    }
}
