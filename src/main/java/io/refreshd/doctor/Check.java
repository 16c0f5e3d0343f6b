package io.refreshd.doctor;

import java.sql.SQLException;
import java.util.List;

/** A check of one aspect of a database. Reads only; blocks. */
@FunctionalInterface
interface Check {
    List<Finding> run(ExaminedDatabase database) throws SQLException;
}
