package io.refreshd.audit;

import java.util.List;

/**
 * The difference between a view and its definition in one snapshot. A row that occurs several times counts each time.
 *
 * @param rows number of rows in the view
 * @param missing number of rows that the definition gives and the view lacks
 * @param surplus number of rows that the view holds and the definition does not give
 * @param keys keys of some of these rows, by a unique index of the view, as the text of a row. Values of other columns never
 *     appear, since they may be confidential. Empty if nothing differs or there is no such index
 */
public record Difference(long rows, long missing, long surplus, List<String> keys) {
    public Difference {
        keys = List.copyOf(keys);
    }

    public boolean none() {
        return missing == 0 && surplus == 0;
    }
}
