package io.refreshd.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client of {@code /events/views}, which is connected once its constructor returns. */
public final class EventLines implements AutoCloseable {
    private final HttpClient client = HttpClient.newHttpClient();
    private final HttpResponse<InputStream> response;
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> ids = new LinkedBlockingQueue<>();
    private volatile String lastId = "";

    public EventLines(RunningDaemon daemon, String query) throws Exception {
        this(daemon.daemon().httpPort(), query, "");
    }

    public EventLines(RunningDaemon daemon, String query, String lastEventId) throws Exception {
        this(daemon.daemon().httpPort(), query, lastEventId);
    }

    /** @param lastEventId empty: none */
    public EventLines(int port, String query, String lastEventId) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/events/views" + query));
        if (!lastEventId.isEmpty()) {
            request.header("Last-Event-ID", lastEventId);
        }
        response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        if (response.statusCode() == 200) {
            Thread.ofVirtual().start(this::read);
            // The first identifier tells that the stream has a position.
            take(ids);
        }
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            StringBuilder data = new StringBuilder();
            String kind = "";
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("id: ")) {
                    lastId = line.substring(4);
                    ids.add(lastId);
                } else if (line.startsWith("event: ")) {
                    kind = line.substring(7) + " ";
                } else if (line.startsWith("data: ")) {
                    data.append(line.substring(6));
                } else if (line.isEmpty() && !data.isEmpty()) {
                    events.add(kind + data);
                    kind = "";
                    data.setLength(0);
                }
            }
        } catch (IOException closed) {
            // The client or the server has ended it.
        }
    }

    /** The data of the next event, behind its kind if it has one. */
    public String event() throws InterruptedException {
        return take(events);
    }

    public String lastId() {
        return lastId;
    }

    /** Status and text of the response if there is no stream. */
    public String refusal() throws IOException {
        return response.statusCode() + " " + new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static String take(BlockingQueue<String> from) throws InterruptedException {
        String found = from.poll(TestTimeout.LIMIT.toSeconds(), TimeUnit.SECONDS);
        if (found == null) {
            throw new AssertionError("nothing came");
        }
        return found;
    }

    @Override
    public void close() {
        client.shutdownNow();
        client.close();
    }
}
