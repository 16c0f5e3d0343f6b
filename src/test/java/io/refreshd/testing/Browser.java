package io.refreshd.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A page in an installed Chromium, driven by the DevTools protocol. */
public final class Browser implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static @Nullable Chromium shared;

    private final Closeable end;
    private final HttpClient client = HttpClient.newHttpClient();
    private final WebSocket socket;
    private final AtomicInteger number = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();

    private Browser(JsonNode page, Closeable end) throws Exception {
        this.end = end;
        URI address = URI.create(page.get("webSocketDebuggerUrl").asText());
        this.socket = TestTimeout.get(client.newWebSocketBuilder().buildAsync(address, new Answers()));
    }

    /** A page in a new Chromium with an empty profile and cold caches. */
    public static Browser start() throws Exception {
        Chromium own = Chromium.start();
        return new Browser(own.command("GET", "list").get(0), own::close);
    }

    /** A new page in the Chromium that all tests of this JVM share, because starting one takes seconds of CPU. */
    public static Browser page() throws Exception {
        Chromium chromium = shared();
        JsonNode page = chromium.command("PUT", "new?about:blank");
        return new Browser(
                page, () -> chromium.command("GET", "close/" + page.get("id").asText()));
    }

    private static synchronized Chromium shared() throws Exception {
        if (shared == null) {
            Chromium started = Chromium.start();
            Runtime.getRuntime().addShutdownHook(new Thread(started::close));
            shared = started;
        }
        return shared;
    }

    private interface Closeable {
        void close() throws Exception;
    }

    private record Chromium(Process process, int port) {
        static Chromium start() throws Exception {
            Path folder = Files.createTempDirectory(Files.createDirectories(Path.of("target", "chromium")), "profile")
                    .toAbsolutePath();
            Process process = new ProcessBuilder(
                            "chromium",
                            "--headless",
                            "--no-sandbox",
                            "--disable-gpu",
                            "--disable-dev-shm-usage",
                            "--remote-debugging-port=0",
                            "--user-data-dir=" + folder,
                            "about:blank")
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("chromium.log").toFile())
                    .start();
            Path port = folder.resolve("DevToolsActivePort");
            Awaitility.await("Chromium is up")
                    .until(() -> Files.exists(port) && !Files.readAllLines(port).isEmpty());
            return new Chromium(
                    process, Integer.parseInt(Files.readAllLines(port).getFirst()));
        }

        JsonNode command(String method, String command) throws Exception {
            try (HttpClient client = HttpClient.newHttpClient()) {
                String answer = client.send(
                                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/" + command))
                                        .method(method, BodyPublishers.noBody())
                                        .build(),
                                BodyHandlers.ofString())
                        .body();
                // The answer to "close" is the text "Target is closing", which is no JSON.
                return command.startsWith("close/") ? JSON.nullNode() : JSON.readTree(answer);
            }
        }

        void close() {
            process.destroy();
            try {
                if (!process.waitFor(20, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }

    public void open(String url) throws Exception {
        ask("Page.enable", JSON.createObjectNode());
        ask("Page.navigate", JSON.createObjectNode().put("url", url));
        Awaitility.await("the page is there")
                .until(() ->
                        evaluate("document.readyState + ' ' + location.href").startsWith("complete " + url));
    }

    /** The value of an expression, as text. */
    public String evaluate(String expression) throws Exception {
        JsonNode answer = ask(
                "Runtime.evaluate",
                JSON.createObjectNode()
                        .put("expression", "String(" + expression + ")")
                        .put("awaitPromise", true));
        if (answer.has("exceptionDetails")) {
            throw new AssertionError(expression + ": " + answer.get("exceptionDetails"));
        }
        return answer.at("/result/value").asText();
    }

    public void press(String key, String text) throws Exception {
        ObjectNode down = JSON.createObjectNode().put("type", "keyDown").put("key", key);
        if (key.equals("Tab")) {
            down.put("windowsVirtualKeyCode", 9);
        } else if (key.equals("Enter")) {
            down.put("windowsVirtualKeyCode", 13).put("text", "\r");
        } else if (!text.isEmpty()) {
            down.put("text", text);
        }
        ask("Input.dispatchKeyEvent", down);
        ask(
                "Input.dispatchKeyEvent",
                JSON.createObjectNode().put("type", "keyUp").put("key", key));
    }

    /** @param scheme light or dark */
    public void appear(int width, int height, String scheme) throws Exception {
        ask(
                "Emulation.setDeviceMetricsOverride",
                JSON.createObjectNode()
                        .put("width", width)
                        .put("height", height)
                        .put("deviceScaleFactor", 1)
                        .put("mobile", width < 600));
        ObjectNode media = JSON.createObjectNode();
        media.putArray("features")
                .addObject()
                .put("name", "prefers-color-scheme")
                .put("value", scheme);
        ask("Emulation.setEmulatedMedia", media);
    }

    public void withoutScripts(boolean without) throws Exception {
        ask("Emulation.setScriptExecutionDisabled", JSON.createObjectNode().put("value", without));
    }

    public void screenshot(Path file) throws Exception {
        JsonNode answer = ask("Page.captureScreenshot", JSON.createObjectNode().put("format", "png"));
        Files.createDirectories(file.getParent());
        Files.write(file, Base64.getDecoder().decode(answer.get("data").asText()));
    }

    private JsonNode ask(String method, JsonNode parameters) throws Exception {
        int id = number.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
        message.set("params", parameters);
        TestTimeout.get(socket.sendText(message.toString(), true));
        return TestTimeout.get(answer);
    }

    private final class Answers implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                accept(text.toString());
                text.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedFuture(null);
        }

        private void accept(String message) {
            try {
                JsonNode node = JSON.readTree(message);
                CompletableFuture<JsonNode> answer =
                        waiting.remove(node.path("id").asInt(-1));
                if (answer != null && node.has("error")) {
                    answer.completeExceptionally(
                            new IOException(node.get("error").toString()));
                } else if (answer != null) {
                    answer.complete(node.path("result"));
                }
            } catch (IOException e) {
                waiting.values().forEach(answer -> answer.completeExceptionally(e));
            }
        }
    }

    @Override
    public void close() throws Exception {
        socket.abort();
        end.close();
        client.close();
    }
}
