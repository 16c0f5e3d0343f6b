package io.refreshd.observe;

import java.util.List;
import java.util.Optional;

/** The databases of a process that serves several, and what concerns all of them. Any thread asks, with each request. */
public interface ServedDatabases {
    /** All that are configured, always under the same names. */
    List<ServedDatabase> all();

    /** Why the process should be started again; empty if it should not. */
    List<String> stuck();

    /** Why the process may not know which of them it should serve; empty if it knows. */
    Optional<String> unassigned();
}
