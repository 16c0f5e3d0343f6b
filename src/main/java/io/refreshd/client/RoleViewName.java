package io.refreshd.client;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A pattern for the names of role views, such as {@code public.materializeduserrole_{role}}. The daemon, which creates the views,
 * and the client, which reads them, both use this class, so that they agree on each name.
 *
 * <p>A name longer than PostgreSQL allows is cut, and ends in a hash of the whole name. So a role always leads to the same view,
 * and two long roles with the same beginning lead to different views.
 *
 * @param schema schema of the views; empty: the search path decides
 * @param name name of the views, which contains {@code {role}} once
 */
public record RoleViewName(Optional<String> schema, String name) {
    public static final String ROLE = "{role}";

    /** PostgreSQL's NAMEDATALEN without the terminating zero byte. */
    static final int LONGEST = 63;

    /** 48 bits. Two of 10,000 long names collide with a chance of one in five million, and the daemon detects a collision. */
    private static final int HASH_DIGITS = 12;

    public RoleViewName {
        int at = name.indexOf(ROLE);
        if (at < 0 || name.indexOf(ROLE, at + 1) >= 0) {
            throw new IllegalArgumentException(name + ": the name of a role view holds " + ROLE + " once");
        }
        int fixed = utf8(name.replace(ROLE, "")).length;
        if (fixed > LONGEST - HASH_DIGITS - 1) {
            throw new IllegalArgumentException(name + ": too long beside " + ROLE + "; at most "
                    + (LONGEST - HASH_DIGITS - 1) + " bytes leave room for the hash of a long role");
        }
        if (schema.isPresent() && (schema.get().isEmpty() || schema.get().contains(ROLE))) {
            throw new IllegalArgumentException("the schema of a role view is a fixed name");
        }
    }

    /** Parses {@code schema.name} or {@code name}, as the catalog spells them. The first dot before {@code {role}} is the separator. */
    public static RoleViewName of(String pattern) {
        int dot = pattern.indexOf('.');
        return dot < 0 || (pattern.contains(ROLE) && dot > pattern.indexOf(ROLE))
                ? new RoleViewName(Optional.empty(), pattern)
                : new RoleViewName(Optional.of(pattern.substring(0, dot)), pattern.substring(dot + 1));
    }

    /**
     * The name of the role's view, as the catalog spells it.
     *
     * @throws IllegalArgumentException if no name in PostgreSQL can hold the role
     */
    public String nameFor(String role) {
        if (role.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a PostgreSQL name cannot hold a zero byte");
        }
        String whole = name.replace(ROLE, role);
        if (whole.isEmpty()) {
            throw new IllegalArgumentException("the name of the view would be empty");
        }
        if (utf8(whole).length <= LONGEST) {
            return whole;
        }
        return cut(whole, LONGEST - HASH_DIGITS - 1) + "_" + hash(whole);
    }

    /** The name of the role's view quoted for SQL, with the schema if the pattern has one. */
    public String sqlFor(String role) {
        return schema.map(fixed -> quoted(fixed) + ".").orElse("") + quoted(nameFor(role));
    }

    static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    /** The longest beginning of a text that has at most this many bytes, cut between two characters. */
    private static String cut(String text, int bytes) {
        int end = 0;
        int length = 0;
        while (end < text.length()) {
            int character = text.codePointAt(end);
            length += utf8(Character.toString(character)).length;
            if (length > bytes) {
                break;
            }
            end += Character.charCount(character);
        }
        return text.substring(0, end);
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(utf8(text));
            return HexFormat.of().formatHex(digest).substring(0, HASH_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return schema.map(fixed -> fixed + ".").orElse("") + name;
    }
}
