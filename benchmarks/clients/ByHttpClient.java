// java.net.http: java ByHttpClient.java METHOD URL FILE TIMES NAME=VALUE...
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;

class ByHttpClient {
    public static void main(String[] arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(arguments[1]))
            .method(arguments[0], BodyPublishers.ofFile(Path.of(arguments[2])))
            .timeout(Duration.ofSeconds(60));
        for (int i = 4; i < arguments.length; i++) {
            var pair = arguments[i].split("=", 2);
            request.header(pair[0], pair[1]);
        }
        for (int i = 0; i < Integer.parseInt(arguments[3]); i++) {
            var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            try {
                System.out.println(client.send(request.build(), BodyHandlers.ofString()).statusCode());
            } catch (IOException error) {
                System.out.println(error.getClass().getSimpleName());
            }
        }
        System.exit(0);
    }
}
