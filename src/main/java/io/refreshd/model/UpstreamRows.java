package io.refreshd.model;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How the rows of an incremental view that changed in a round lead to rows of an incremental view that reads it.
 *
 * @param view the view that is read
 * @param oid its oid
 * @param paths the ways from its rows; none if a change of it recomputes everything
 * @param everything why a change of it recomputes everything, in words for people; empty if it does not
 */
public record UpstreamRows(ViewId view, long oid, List<Path> paths, String everything) {
    public UpstreamRows {
        Objects.requireNonNull(view);
        Objects.requireNonNull(everything);
        paths = List.copyOf(paths);
    }

    /**
     * One way.
     *
     * @param columns numbers of the columns of the upstream view's store, whose old and new values are looked up
     * @param lookup without keys
     */
    public record Path(List<Integer> columns, KeyLookup lookup) {
        public Path {
            columns = List.copyOf(columns);
            Objects.requireNonNull(lookup);
        }
    }

    /**
     * A view that reads the one that a round brings up to date.
     *
     * @param columns for each way the numbers of the columns whose values it needs; none if any change recomputes everything
     * @param mayRun whether a round of the reader may run at the same time, whose snapshot does not see this one's rows
     */
    public record Reader(ViewId view, long oid, Set<List<Integer>> columns, boolean mayRun) {
        public Reader {
            Objects.requireNonNull(view);
            columns = Set.copyOf(columns);
        }
    }

    /** What the view that is read has to tell this reader. */
    public Reader reader(ViewId reader, long readerOid, boolean mayRun) {
        return new Reader(reader, readerOid, paths.stream().map(Path::columns).collect(Collectors.toSet()), mayRun);
    }
}
