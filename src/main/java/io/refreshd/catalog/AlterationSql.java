package io.refreshd.catalog;

/** The SQL that finds what other sessions are altering, by their locks. For PostgreSQL 15 and later. Every role may run it. */
final class AlterationSql {
    private AlterationSql() {}

    /**
     * Objects that another session is altering, as class and oid. No parameter. Locks of this session do not count. A lock is held until
     * others see what was altered, so that a transaction that has committed without being visible is found too.
     *
     * <ul>
     *   <li>A relation counts if a transaction holds a strong lock on it and ACCESS EXCLUSIVE on any relation. ATTACH PARTITION takes a
     *       weaker lock on the parent, one that VACUUM takes too, but ACCESS EXCLUSIVE on the child. A table that a transaction takes out
     *       of a publication counts too.
     *   <li>A type counts if a transaction adds a value to it, or drops it.
     *   <li>{@code pg_auth_members} stands for the memberships of all roles. GRANT and REVOKE keep a lock on that table. Who is a member
     *       of {@code pg_database_owner} changes with the owner of the database, whose row shows the transaction.
     *   <li>A role counts if a transaction has altered attributes or settings of roles, whose user could have altered this one; 0 stands
     *       for every role. A prepared transaction has no session, and an owner instead. Which row was written is not to be seen, and everybody may alter settings of their own: an open
     *       transaction of one user must not hold up the views of all. A function that alters roles with another's rights is not found.
     * </ul>
     */
    static final KeptPlan BEING_ALTERED = KeptPlan.of("""
            WITH current AS MATERIALIZED (
              SELECT oid, datdba, xmax FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
            ), held AS MATERIALIZED (
              SELECT locktype, database, relation, classid, objid, mode, virtualtransaction, pid, transactionid
                FROM pg_catalog.pg_locks
               WHERE granted AND pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
                 AND (mode = 'RowExclusiveLock' AND database = 0
                      OR mode IN ('ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                         AND (database = (SELECT oid FROM current) OR transactionid = (SELECT xmax FROM current)
                              OR locktype = 'transactionid' AND pid IS NULL))
            ), altering_roles AS (
              SELECT DISTINCT h.relation, u.oid AS role, u.rolcreaterole
                FROM held h
                -- No session has the number 0; -1 would be all of them.
                LEFT JOIN LATERAL pg_catalog.pg_stat_get_activity(coalesce(h.pid, 0)) AS a ON true
                LEFT JOIN held x ON x.locktype = 'transactionid' AND x.virtualtransaction = h.virtualtransaction
                                AND x.pid IS NULL AND h.pid IS NULL
                LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid
                LEFT JOIN pg_catalog.pg_roles u ON u.oid = a.usesysid OR u.rolname = p.owner
               WHERE h.locktype = 'relation' AND h.database = 0 AND h.mode = 'RowExclusiveLock'
                 AND h.relation IN ('pg_catalog.pg_authid'::regclass, 'pg_catalog.pg_db_role_setting'::regclass)
            )
            SELECT 'pg_catalog.pg_class'::regclass::int8, relation::int8
              FROM held
             WHERE locktype = 'relation' AND database <> 0
               AND virtualtransaction IN (SELECT virtualtransaction FROM held
                                           WHERE locktype = 'relation' AND database <> 0 AND mode = 'AccessExclusiveLock')
            UNION
            SELECT 'pg_catalog.pg_class'::regclass::int8, r.prrelid::int8
              FROM held JOIN pg_catalog.pg_publication_rel r ON r.oid = held.objid
             WHERE locktype = 'object' AND database <> 0 AND classid = 'pg_catalog.pg_publication_rel'::regclass
               AND mode = 'AccessExclusiveLock'
            UNION
            SELECT classid::int8, objid::int8
              FROM held
             WHERE locktype = 'object' AND database <> 0 AND classid = 'pg_catalog.pg_type'::regclass
               AND mode IN ('ExclusiveLock', 'AccessExclusiveLock')
            UNION
            SELECT 'pg_catalog.pg_auth_members'::regclass::int8, 0
              FROM held
             WHERE locktype = 'relation' AND database = 0 AND mode = 'RowExclusiveLock'
                   AND relation = 'pg_catalog.pg_auth_members'::regclass
                OR transactionid = (SELECT xmax FROM current)
            UNION
            SELECT 'pg_catalog.pg_authid'::regclass::int8, 0
              FROM altering_roles a CROSS JOIN current
             WHERE a.role IS NULL
                OR a.rolcreaterole AND pg_catalog.current_setting('server_version_num')::int < 160000
                OR EXISTS (SELECT FROM pg_catalog.pg_roles s
                            WHERE s.rolsuper AND pg_catalog.pg_has_role(a.role, s.oid, 'MEMBER'))
                OR a.relation = 'pg_catalog.pg_db_role_setting'::regclass
                   AND pg_catalog.pg_has_role(a.role, current.datdba, 'MEMBER')
            UNION
            SELECT 'pg_catalog.pg_authid'::regclass::int8, r.oid::int8
              FROM altering_roles a JOIN pg_catalog.pg_roles r ON pg_catalog.pg_has_role(a.role, r.oid, 'MEMBER')
            """);
}
