package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Token;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Makes queries of queries, as trees. Pure. */
final class QueryRewrite {
    private static final List<String> NULL = List.of(
            "groupClause",
            "groupingSets",
            "havingQual",
            "windowClause",
            "distinctClause",
            "sortClause",
            "constraintDeps");

    private static final List<String> FALSE =
            List.of("hasAggs", "hasWindowFuncs", "hasDistinctOn", "hasGroupRTE", "groupDistinct");

    private QueryRewrite() {}

    /** The rows that a query reads: its FROM and WHERE, with these expressions as columns. */
    static Node rowsRead(Node query, Collection<Node> columns) {
        Map<String, List<Part>> fields = new HashMap<>(query.fields());
        NULL.forEach(name -> fields.replace(name, List.of(new Token("<>"))));
        FALSE.forEach(name -> fields.replace(name, List.of(new Token("false"))));
        List<Part> targets = new ArrayList<>();
        columns.forEach(expression -> targets.add(target(expression, targets.size() + 1)));
        fields.put("targetList", List.of(new Items(targets)));
        fields.replace("hasTargetSRFs", List.of(new Token(String.valueOf(returnsSet(new Items(targets))))));
        return new Node("QUERY", fields);
    }

    /** The query with some entries of its target list that it did not show as its first columns. */
    static Node showing(Node query, List<Node> hidden) {
        List<Node> all = new ArrayList<>(hidden);
        TotalOrder.targets(query).stream()
                .filter(target -> !hidden.contains(target))
                .forEach(all::add);
        List<Part> targets = new ArrayList<>();
        for (Node target : all) {
            Map<String, List<Part>> fields = new HashMap<>(target.fields());
            fields.put("resno", List.of(new Token(String.valueOf(targets.size() + 1))));
            if (hidden.contains(target)) {
                fields.put("resjunk", List.of(new Token("false")));
            }
            targets.add(new Node("TARGETENTRY", fields));
        }
        Map<String, List<Part>> fields = new HashMap<>(query.fields());
        fields.put("targetList", List.of(new Items(targets)));
        return new Node("QUERY", fields);
    }

    static boolean returnsSet(Part expression) {
        boolean[] found = new boolean[1];
        expression.visit(node -> found[0] |= node.is("funcretset", "true") || node.is("opretset", "true"));
        return found[0];
    }

    private static Node target(Node expression, int number) {
        Map<String, List<Part>> fields = new HashMap<>();
        fields.put("expr", List.of(expression));
        fields.put("resno", List.of(new Token(String.valueOf(number))));
        fields.put("ressortgroupref", List.of(new Token("0")));
        fields.put("resjunk", List.of(new Token("false")));
        return new Node("TARGETENTRY", fields);
    }

    /** The query with entries of its range table replaced by tables. @param tables oids, by the number of the entry */
    static Node withTables(Node query, Map<Integer, Long> tables) {
        List<Part> entries = new ArrayList<>(query.items("rtable"));
        tables.forEach((index, oid) -> {
            Map<String, List<Part>> fields = new HashMap<>(((Node) entries.get(index - 1)).fields());
            fields.put("rtekind", List.of(new Token("0")));
            fields.put("relid", List.of(new Token(String.valueOf(oid))));
            fields.put("inh", List.of(new Token("false")));
            fields.put("tablesample", List.of(new Token("<>")));
            entries.set(index - 1, new Node("RANGETBLENTRY", fields));
        });
        Map<String, List<Part>> fields = new HashMap<>(query.fields());
        fields.put("rtable", List.of(new Items(entries)));
        return new Node("QUERY", fields);
    }

    static boolean isSubSelect(Node query, int entry) {
        List<Part> entries = query.items("rtable");
        return entry >= 1
                && entry <= entries.size()
                && entries.get(entry - 1) instanceof Node node
                && node.is("rtekind", "1");
    }

    /** The query with other queries in place of its sub-selects. @param queries by the number of the entry */
    static Node withSubSelects(Node query, Map<Integer, Node> queries) {
        List<Part> entries = new ArrayList<>(query.items("rtable"));
        queries.forEach((index, other) -> {
            Map<String, List<Part>> fields = new HashMap<>(((Node) entries.get(index - 1)).fields());
            fields.put("subquery", List.of(other));
            entries.set(index - 1, new Node("RANGETBLENTRY", fields));
        });
        Map<String, List<Part>> fields = new HashMap<>(query.fields());
        fields.put("rtable", List.of(new Items(entries)));
        return new Node("QUERY", fields);
    }

    /** A query that selects so many columns of a table that stands for a part of a query. */
    static Node allOf(long table, int columns) {
        return select(
                "{RANGETBLENTRY :alias <> :rtekind 0 :relid " + table
                        + " :inh false :tablesample <> :securityQuals <>}",
                1,
                IntStream.rangeClosed(1, columns).boxed().toList());
    }

    /** A query that selects a column of the last of some tables, with the names t1, t2 and so on. Without the conditions that join them. */
    static Node columnOfLast(List<Long> tables, int column) {
        StringBuilder entries = new StringBuilder();
        for (int i = 0; i < tables.size(); i++) {
            entries.append("{RANGETBLENTRY :alias {ALIAS :aliasname t" + (i + 1) + " :colnames <>} :rtekind 0 :relid "
                    + tables.get(i) + " :inh true :tablesample <> :securityQuals <>}");
        }
        return select(entries.toString(), tables.size(), List.of(column));
    }

    /** @param columns of the last of the entries */
    private static Node select(String entries, int number, List<Integer> columns) {
        StringBuilder tree = new StringBuilder("{QUERY :hasAggs false :hasWindowFuncs false :hasTargetSRFs false"
                + " :hasSubLinks false :hasDistinctOn false :hasRecursive false :hasModifyingCTE false :cteList <>"
                + " :groupClause <> :groupingSets <> :havingQual <> :windowClause <> :distinctClause <> :limitOffset <>"
                + " :limitCount <> :rowMarks <> :setOperations <> :rtable (" + entries
                + ") :jointree {FROMEXPR :fromlist (");
        for (int i = 1; i <= number; i++) {
            tree.append("{RANGETBLREF :rtindex ").append(i).append('}');
        }
        tree.append(") :quals <>} :targetList (");
        for (int i = 0; i < columns.size(); i++) {
            tree.append("{TARGETENTRY :expr {VAR :varno ")
                    .append(number)
                    .append(" :varattno ")
                    .append(columns.get(i))
                    .append(" :varlevelsup 0} :resno ")
                    .append(i + 1)
                    .append(" :ressortgroupref 0 :resjunk false}");
        }
        return (Node) NodeTree.parse(tree.append(")}").toString());
    }
}
