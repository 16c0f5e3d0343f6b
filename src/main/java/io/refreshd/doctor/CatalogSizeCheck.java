package io.refreshd.doctor;

import io.refreshd.catalog.CatalogSizeLimit;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;

/** Checks whether the heap has room for all that the views read. */
final class CatalogSizeCheck implements Check {
    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        String views =
                CatalogSizeLimit.leftOut(
                                database.handle().getConnection(),
                                database.configuration().views()::includes)
                        .stream()
                        .map(ViewId::toString)
                        .collect(Collectors.joining(", "));
        return views.isEmpty()
                ? List.of()
                : List.of(
                        new Finding(
                                Severity.ERROR,
                                "large-views",
                                "catalog",
                                "left out, since they read more tables and columns than the heap has room for: "
                                        + views,
                                "refreshd keeps the tables, partitions and columns that its views read in its heap. The views that read"
                                        + " the most are left out, so that the others are kept fresh.",
                                Remedy.text(
                                        "start refreshd with a larger heap, such as REFRESHD_JAVA_OPTS=-Xmx512m, or exclude the views")));
    }
}
