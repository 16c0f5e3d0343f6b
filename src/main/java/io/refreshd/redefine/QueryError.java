package io.refreshd.redefine;

import io.refreshd.model.PlainText;
import io.refreshd.model.Remedy;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What the server says of a query that it does not accept, with the line of the file. Pure. */
final class QueryError {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    private QueryError() {}

    /**
     * The server's words are for whoever runs the verb: it connects as the role that read them.
     *
     * @param before what stands before the query in the statement; it ends with a line break
     */
    static String words(SQLException failure, String before, String query) {
        ServerErrorMessage said = failure instanceof PSQLException known ? known.getServerErrorMessage() : null;
        String message = said == null || said.getMessage() == null ? failure.getMessage() : said.getMessage();
        int position = said == null ? 0 : said.getPosition();
        // A line break stands before the statement: see PlainSession.
        return "the server does not accept the query" + place(position - before.length() - 1, query) + ": "
                + PlainText.line(String.valueOf(message));
    }

    /** @param at character of the query, from 1 */
    static String place(int at, String query) {
        if (at < 1 || at > query.codePointCount(0, query.length())) {
            return "";
        }
        String until = query.substring(0, query.offsetByCodePoints(0, at - 1));
        long line = until.chars().filter(c -> c == '\n').count() + 1;
        return " (line " + line + ", column " + (until.length() - until.lastIndexOf('\n')) + ")";
    }

    static Remedy remedy(SQLException failure, String owner) {
        return INSUFFICIENT_PRIVILEGE.equals(failure.getSQLState())
                ? Remedy.text("names in it are looked up as refreshd's role, which needs USAGE on their schemas; "
                        + owner + ", who owns the view, needs SELECT on what it reads")
                : Remedy.NONE;
    }
}
