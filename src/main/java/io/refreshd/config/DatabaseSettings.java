package io.refreshd.config;

import java.util.Objects;

/**
 * The database to watch and to refresh.
 *
 * @param url of the form {@code jdbc:postgresql://host:port/database}; never with a password in it
 * @param password empty where the server asks for none (trust, peer, certificate)
 */
public record DatabaseSettings(String url, String user, Secret password) {
    public DatabaseSettings {
        Objects.requireNonNull(url);
        Objects.requireNonNull(user);
        Objects.requireNonNull(password);
    }
}
