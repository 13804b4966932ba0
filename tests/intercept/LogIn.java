import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A service in Java that knows Kakao Login's own hosts and nothing of Kakaw. */
public class LogIn {
    static final String KEY = "1123456789abcdef0123456789abcdef";
    static final String CALLBACK = "http://localhost:3000/auth/kakao/callback";

    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        // The person comes without pages, as the stand-in offers it to tests.
        String query = "client_id=" + KEY + "&redirect_uri=" + encoded(CALLBACK)
            + "&response_type=code&login_hint=" + encoded("kakaw:ryan@example.com");
        HttpRequest authorize = HttpRequest.newBuilder(URI.create("https://kauth.kakao.com/oauth/authorize?" + query)).build();
        String location = client.send(authorize, BodyHandlers.ofString()).headers().firstValue("location").orElseThrow();
        String code = found(location, "code=([^&]+)");
        String form = "grant_type=authorization_code&client_id=" + KEY + "&redirect_uri=" + encoded(CALLBACK) + "&code=" + code;
        HttpRequest exchange = HttpRequest.newBuilder(URI.create("https://kauth.kakao.com/oauth/token"))
            .header("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
            .POST(HttpRequest.BodyPublishers.ofString(form))
            .build();
        String token = found(client.send(exchange, BodyHandlers.ofString()).body(), "\"access_token\":\"([^\"]+)\"");
        HttpRequest me = HttpRequest.newBuilder(URI.create("https://kapi.kakao.com/v2/user/me"))
            .header("Authorization", "Bearer " + token)
            .build();
        System.out.println("logged in as " + found(client.send(me, BodyHandlers.ofString()).body(), "\"email\":\"([^\"]+)\""));
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    static String found(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        if (!matcher.find()) {
            throw new IllegalStateException(pattern + " expected in " + text);
        }
        return matcher.group(1);
    }
}
