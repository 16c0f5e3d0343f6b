package io.refreshd.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** What somebody may have meant who wrote a key that does not exist. */
final class Suggestion {
    private Suggestion() {}

    /** The nearest of the known keys, if it is near enough to be meant. */
    static Optional<String> near(String unknown, Collection<String> known) {
        String plain = plain(unknown);
        return known.stream()
                .filter(key -> distance(plain, plain(key)) <= Math.max(1, key.length() / 4))
                .min(Comparator.comparingInt(key -> distance(plain, plain(key))));
    }

    /** Where a key would be right that is wrong here. */
    static Optional<String> elsewhere(String unknown) {
        return Arrays.stream(Key.values())
                .filter(key -> key.leaf().equals(unknown))
                .map(Key::path)
                .findFirst();
    }

    /** {@code targetLag}, {@code target_lag} and {@code target-lag} are the same to a person. */
    private static String plain(String key) {
        return key.toLowerCase(Locale.ROOT).replaceAll("[-_ ]", "");
    }

    /** Levenshtein's. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
