package io.refreshd.client;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * How the view of a role is called: a pattern such as {@code public.materializeduserrole_{role}}. The one rule for it, used
 * by whoever makes the views and by whoever reads them. Immutable.
 *
 * <p>A name longer than PostgreSQL allows is cut and ends in a hash of the whole, so that the same role always leads to the
 * same view and two long roles with the same beginning do not lead to one.
 *
 * @param schema without it the search path decides
 * @param name with {@code {role}} in it once
 */
public record RoleViewName(Optional<String> schema, String name) {
    public static final String ROLE = "{role}";

    /** NAMEDATALEN less the closing zero. */
    static final int LONGEST = 63;

    /** 48 bits: among 10,000 long names two are the same with a chance of one in five million, and then it is noticed. */
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

    /** Reads {@code schema.name} or {@code name}, both as the catalog spells them; the first dot divides. */
    public static RoleViewName of(String pattern) {
        int dot = pattern.indexOf('.');
        return dot < 0 || (dot > pattern.indexOf(ROLE) && pattern.contains(ROLE))
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

    /** Quoted, with the schema where the pattern has one: for SQL. */
    public String sqlFor(String role) {
        return schema.map(fixed -> quoted(fixed) + ".").orElse("") + quoted(nameFor(role));
    }

    static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    /** Cuts between characters, never within one. */
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
