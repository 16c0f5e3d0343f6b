package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import java.util.Map;
import java.util.Set;

/** The type of an expression, by its node. */
final class ExpressionType {
    /** Types whose text form gives back the same value under all settings, by oid; see {@link CatalogSql}. */
    private static final Map<Long, String> KEY_TYPES = Map.ofEntries(
            Map.entry(16L, "bool"),
            Map.entry(20L, "int8"),
            Map.entry(21L, "int2"),
            Map.entry(23L, "int4"),
            Map.entry(25L, "text"),
            Map.entry(1042L, "bpchar"),
            Map.entry(1043L, "varchar"),
            Map.entry(1082L, "date"),
            Map.entry(1114L, "timestamp"),
            Map.entry(1184L, "timestamptz"),
            Map.entry(1700L, "numeric"),
            Map.entry(2950L, "uuid"));

    /** No collation, that of the database, C and POSIX: those that are deterministic for certain. */
    private static final Set<Long> COLLATIONS = Set.of(0L, 100L, 950L, 951L);

    /** The prefixes of the fields that hold type and collation, by label. */
    private static final Map<String, String> FIELDS = Map.ofEntries(
            Map.entry("VAR", "vartype varcollid"),
            Map.entry("CONST", "consttype constcollid"),
            Map.entry("FUNCEXPR", "funcresulttype funccollid"),
            Map.entry("OPEXPR", "opresulttype opcollid"),
            Map.entry("NULLIFEXPR", "opresulttype opcollid"),
            Map.entry("COALESCE", "coalescetype coalescecollid"),
            Map.entry("COALESCEEXPR", "coalescetype coalescecollid"),
            Map.entry("CASE", "casetype casecollid"),
            Map.entry("CASEEXPR", "casetype casecollid"),
            Map.entry("RELABELTYPE", "resulttype resultcollid"),
            Map.entry("COERCEVIAIO", "resulttype resultcollid"),
            Map.entry("MINMAX", "minmaxtype minmaxcollid"),
            Map.entry("MINMAXEXPR", "minmaxtype minmaxcollid"));

    private static final Set<String> BOOLEAN =
            Set.of("BOOLEXPR", "NULLTEST", "BOOLEANTEST", "DISTINCTEXPR", "SCALARARRAYOPEXPR");

    private ExpressionType() {}

    /** Oid of the type; -1 if it is not known. */
    static long of(Node expression) {
        String fields = FIELDS.get(expression.label());
        return fields == null
                ? BOOLEAN.contains(expression.label()) ? 16 : -1
                : expression.number(fields.split(" ")[0]);
    }

    /** As {@link Relation.Column#keyType}, of an expression of a query; of a bare column, the catalog knows more types. */
    static String keyType(Node expression, RangeTable rangeTable) {
        Relation table = expression.label().equals("VAR") && expression.is("varlevelsup", "0")
                ? rangeTable.relation((int) expression.number("varno"))
                : null;
        return table == null
                ? keyType(expression)
                : table.columns().stream()
                        .filter(column -> column.number() == expression.number("varattno"))
                        .map(Relation.Column::keyType)
                        .findFirst()
                        .orElse("");
    }

    /** As {@link Relation.Column#keyType}; empty if the text form may not be safe to look up. */
    static String keyType(Node expression) {
        String fields = FIELDS.get(expression.label());
        String name = KEY_TYPES.get(of(expression));
        return name == null || (fields != null && !COLLATIONS.contains(expression.number(fields.split(" ")[1])))
                ? ""
                : "pg_catalog." + name;
    }
}
