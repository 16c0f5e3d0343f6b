package io.refreshd.demo;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/** A JDBC URL with the user and password to connect with. */
record DatabaseLogin(String url, String user, String password) {
    Connection connect() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }

    /** Leaves the password out, since records end up in logs. */
    @Override
    public String toString() {
        return user + " at " + url;
    }
}
