package io.refreshd.audit;

import java.util.List;

/**
 * What a view holds against what its definition gives, in one snapshot. Rows that occur several times count as often.
 *
 * @param rows rows in the view
 * @param missing rows that the definition gives and the view lacks
 * @param surplus rows that the view holds and the definition does not give
 * @param keys of some of them, by the view's unique index, as the text of a row; never a value of another column. Empty if
 *     nothing differs or there is no such index
 */
public record Difference(long rows, long missing, long surplus, List<String> keys) {
    public Difference {
        keys = List.copyOf(keys);
    }

    public boolean none() {
        return missing == 0 && surplus == 0;
    }
}
