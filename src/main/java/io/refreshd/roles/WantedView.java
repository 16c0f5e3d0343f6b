package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.ViewId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A view that ought to be there. */
record WantedView(ViewId id, RoleViewTemplate template, String role) {

    /** Differs once the view has to be made anew. Holds for the template: the role of a view never changes. */
    String definition() {
        String text = template.definition() + "\n" + template.access();
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
