package io.refreshd.demo;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/** How somebody gets into a database. */
record Access(String url, String user, String password) {
    Connection connect() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }

    /** Without the password: records end up in logs. */
    @Override
    public String toString() {
        return user + " at " + url;
    }
}
