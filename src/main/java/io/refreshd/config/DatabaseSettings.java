package io.refreshd.config;

/**
 * The database whose materialized views are kept fresh, and the login for it.
 *
 * @param url JDBC URL of the form {@code jdbc:postgresql://host:port/database}; it never contains a password
 * @param password empty where the server asks for none (trust, peer, certificate)
 */
public record DatabaseSettings(String url, String user, Secret password) {}
