package io.refreshd.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Suggests a valid key for an unknown one. */
final class Suggestion {
    private Suggestion() {}

    /** What to write instead of an unknown key. */
    static String expected(String unknown, Collection<String> known) {
        return near(unknown, known)
                .or(() -> elsewhere(unknown))
                .map(right -> "did you mean " + right + "?")
                .orElseGet(() -> "known are " + String.join(", ", known));
    }

    /** The known key with the smallest edit distance, if that is 1 or at most a quarter of the length of the key. */
    static Optional<String> near(String unknown, Collection<String> known) {
        String plain = plain(unknown);
        return known.stream()
                .filter(key -> distance(plain, plain(key)) <= Math.max(1, key.length() / 4))
                .min(Comparator.comparingInt(key -> distance(plain, plain(key))));
    }

    /** The full path of a key that is valid in another section. */
    static Optional<String> elsewhere(String unknown) {
        return Arrays.stream(Key.values())
                .filter(key -> key.leaf().equals(unknown))
                .map(Key::path)
                .findFirst();
    }

    /** A form in which {@code targetLag}, {@code target_lag} and {@code target-lag} are equal. */
    private static String plain(String key) {
        return key.toLowerCase(Locale.ROOT).replaceAll("[-_ ]", "");
    }

    /** The Levenshtein distance. */
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
