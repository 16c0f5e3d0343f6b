package io.refreshd.doctor;

import io.refreshd.catalog.BaseTable;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Checks whether rows of published tables may be too wide for the daemon's heap. The server sends a row as one message, with all columns,
 * and the driver holds the message as a whole.
 *
 * <p>No statistic of the server bounds the widest row: {@code pg_stats.avg_width} counts 18 bytes for a value that is stored out of line,
 * and to measure rows means to read the table. What is known at no cost is how much a table holds out of line. All of it is a bound for
 * the widest row, as stored; divided by the number of rows it is what the widest row has at least.
 */
final class RowWidthCheck implements Check {
    private static final long MEBIBYTE = 1024 * 1024;

    /** What the daemon's heap holds beside the message. Measured: with 128 MB a message of 72 MB is read, and one of 76 MB is not. */
    private static final long OWN = 16 * MEBIBYTE;

    /** Heaps are proposed in steps of this size. */
    private static final long STEP = 64 * MEBIBYTE;

    /**
     * @param stored bytes that the table holds out of line, compressed as they are
     * @param rows estimated; 0 if it is not known
     * @param factor how much longer the text is that the server sends: a bytea is sent as hexadecimal digits, and with REPLICA IDENTITY
     *     FULL an UPDATE holds the old row too
     */
    private record Width(TableId table, long stored, long rows, int factor) {
        long widest() {
            return stored * factor;
        }

        Optional<Long> average() {
            return rows == 0 ? Optional.empty() : Optional.of(stored * factor / rows);
        }
    }

    private final LongSupplier heap;

    /** @param heap the most that the heap of this process may grow to; {@code run} gets the same if it is started alike */
    RowWidthCheck(LongSupplier heap) {
        this.heap = heap;
    }

    /** The longest message that can be read with a heap: it needs one piece of the old generation, which has two thirds. */
    static long longestMessage(long heap) {
        return Math.max(0, heap / 3 * 2 - OWN);
    }

    /** The heap that a message needs, as an option of the JVM. */
    static String option(long message) {
        long needed = (message + OWN) / 2 * 3;
        return "-Xmx" + (needed / STEP + 1) * (STEP / MEBIBYTE) + "m";
    }

    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        long longest = longestMessage(heap.getAsLong());
        List<Finding> findings = new ArrayList<>();
        for (Width width : widths(database)) {
            if (width.average().isPresent() && width.average().get() > longest) {
                findings.add(tooWide(width, width.average().get(), longest));
            } else if (width.widest() > longest) {
                findings.add(perhapsTooWide(width, longest));
            }
        }
        return findings;
    }

    private Finding tooWide(Width width, long average, long longest) {
        return new Finding(
                Severity.WARNING,
                "wide-rows",
                width.table().toString(),
                "its rows take " + megabytes(average) + " in the log on average; with a heap of "
                        + megabytes(heap.getAsLong()) + " a row of " + megabytes(longest) + " can be read",
                consequence(),
                Remedy.text("start refreshd with REFRESHD_JAVA_OPTS=" + option(2 * average)
                        + " (for rows twice as wide as the average)"));
    }

    private Finding perhapsTooWide(Width width, long longest) {
        String name = SqlNames.qualified(width.table());
        return new Finding(
                        Severity.INFO,
                        "wide-rows",
                        width.table().toString(),
                        "it holds " + megabytes(width.stored()) + " out of line in "
                                + (width.rows() == 0 ? "an unknown number of" : width.rows())
                                + " rows, and the server does not know how wide the widest is; with a heap of "
                                + megabytes(heap.getAsLong()) + " a row of " + megabytes(longest) + " can be read",
                        consequence(),
                        Remedy.sql("SELECT max(octet_length(t::text)) FROM " + name + " AS t")
                                .and("this reads the whole table; if the answer is more than "
                                        + longest
                                        + ", start refreshd with REFRESHD_JAVA_OPTS=-Xmx and 1.5 times as much, and "
                                        + megabytes(OWN / 2 * 3)))
                .because("rows may be wider than what can be read with this heap");
    }

    private static String consequence() {
        return "A message that does not fit ends the process. The third attempt at one position gives up the slot, which costs one refresh"
                + " of every view. The heap is that of this process; run gets the same if it is started alike.";
    }

    private static String megabytes(long bytes) {
        return bytes / MEBIBYTE + " MB";
    }

    private static List<Width> widths(ExaminedDatabase database) throws SQLException {
        RequiredTables required = RequiredTables.of(database.handle(), database.configuration(), database.graph());
        Long[] oids = required.tables().values().stream()
                .filter(table -> table.notPublishable().isEmpty())
                .map(BaseTable::oid)
                .toArray(Long[]::new);
        return database.handle()
                .createQuery("""
                        SELECT n.nspname::text AS schema, c.relname::text AS name, pg_catalog.pg_relation_size(t.oid) AS stored,
                               greatest(c.reltuples::bigint, coalesce(s.n_live_tup, 0), 0) AS rows,
                               CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a
                                                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                                                    AND a.atttypid = 'pg_catalog.bytea'::regtype)
                                    THEN 2 ELSE 1 END * CASE WHEN c.relreplident = 'f' THEN 2 ELSE 1 END AS factor
                          FROM pg_catalog.pg_class c
                          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                          JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
                          LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
                         WHERE c.oid = ANY(CAST(:oids AS bigint[]))
                        """)
                .bind("oids", oids)
                .map((row, context) -> new Width(
                        new TableId(row.getString("schema"), row.getString("name")),
                        row.getLong("stored"),
                        row.getLong("rows"),
                        row.getInt("factor")))
                .list();
    }
}
