package io.refreshd.doctor;

import java.sql.SQLException;
import java.util.List;

/** Looks at one side of a database. Reads only; blocks. */
@FunctionalInterface
interface Examination {
    List<Finding> of(ExaminedDatabase database) throws SQLException;
}
