// java.net.HttpURLConnection: java ByUrlConnection.java METHOD URL FILE TIMES NAME=VALUE...
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;

class ByUrlConnection {
    public static void main(String[] arguments) throws Exception {
        var body = Files.readAllBytes(Path.of(arguments[2]));
        for (int i = 0; i < Integer.parseInt(arguments[3]); i++) {
            var connection = (HttpURLConnection) new URL(arguments[1]).openConnection();
            connection.setRequestMethod(arguments[0]);
            connection.setInstanceFollowRedirects(false);
            connection.setReadTimeout(60_000);
            connection.setDoOutput(true);
            for (int j = 4; j < arguments.length; j++) {
                var pair = arguments[j].split("=", 2);
                connection.setRequestProperty(pair[0], pair[1]);
            }
            try {
                connection.getOutputStream().write(body);
                System.out.println(connection.getResponseCode());
                var answer = connection.getErrorStream();
                if (answer != null) {
                    answer.readAllBytes();
                }
            } catch (IOException error) {
                System.out.println(error.getClass().getSimpleName());
            } finally {
                connection.disconnect();
            }
        }
    }
}
