package io.refreshd.supply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/** The bill of materials names each JAR that is deployed, by its checksum, and nothing else. */
@DisabledIfSystemProperty(
        named = "refreshd.maven",
        matches = "offline=true",
        disabledReason = "Maven makes no bill of materials when it works offline")
class BillOfMaterialsIT {
    private static final Path FOLDER = Path.of(System.getProperty("refreshd.distribution", "target/refreshd"))
            .resolve("lib");

    @Test
    void namesEachDeployedJarByItsChecksum() throws Exception {
        JsonNode bill =
                new ObjectMapper().readTree(FOLDER.resolve("refreshd.cdx.json").toFile());

        assertThat(bill.path("bomFormat").asText()).isEqualTo("CycloneDX");
        assertThat(bill.at("/metadata/component/name").asText()).isEqualTo("refreshd");
        assertThat(bill.at("/metadata/component/version").asText()).isEqualTo(System.getProperty("refreshd.version"));
        assertThat(namedIn(bill)).isNotEmpty().isEqualTo(deployed());
    }

    private static Map<String, String> namedIn(JsonNode bill) {
        Map<String, String> checksums = new TreeMap<>();
        for (JsonNode component : bill.path("components")) {
            checksums.put(
                    component.path("name").asText() + "-"
                            + component.path("version").asText() + ".jar",
                    sha256Of(component));
        }
        return checksums;
    }

    private static String sha256Of(JsonNode component) {
        for (JsonNode hash : component.path("hashes")) {
            if (hash.path("alg").asText().equals("SHA-256")) {
                return hash.path("content").asText();
            }
        }
        return "no SHA-256";
    }

    private static Map<String, String> deployed() throws IOException, NoSuchAlgorithmException {
        Map<String, String> checksums = new TreeMap<>();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".jar") && !name.startsWith("refreshd-")) {
                    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
                    checksums.put(name, HexFormat.of().formatHex(digest));
                }
            }
        }
        return checksums;
    }
}
