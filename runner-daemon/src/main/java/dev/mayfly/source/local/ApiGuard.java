package dev.mayfly.source.local;

import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.util.Locale;
import java.util.Set;

/** Who may ask: holders of the token, and no page in a browser. */
final class ApiGuard {

    private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "::1");

    private final ApiEndpoint endpoint;
    private final ApiToken token;

    ApiGuard(ApiEndpoint endpoint, ApiToken token) {
        this.endpoint = endpoint;
        this.token = token;
    }

    /**
     * Against pages in a browser of this host: they can reach a loopback port, under a name that
     * they have pointed to it, and they always say where they come from when they change something.
     */
    void checkOrigin(RoutingContext ctx) {
        String host = ctx.request().authority() == null ? "" : ctx.request().authority().host();
        String name = host.toLowerCase(Locale.ROOT).replaceAll("^\\[|]$", "");
        if (!LOOPBACK_NAMES.contains(name) && !ownNames().contains(name)) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.ORIGIN,
                    "the Host header names \"" + name + "\", which is not a name of this API",
                    "use localhost, or add the name to the API's remote names");
        }
        if (ctx.request().headers().contains(HttpHeaders.ORIGIN)) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.ORIGIN,
                    "the request has an Origin header, as pages in a browser send it",
                    "use mayfly submit, curl or another program");
        }
        ctx.response().putHeader("X-Content-Type-Options", "nosniff");
        ctx.next();
    }

    private Set<String> ownNames() {
        return switch (endpoint) {
            case ApiEndpoint.Tcp(String host, int _, Set<String> names) when names.isEmpty() ->
                    Set.of(host);
            case ApiEndpoint.Tcp(String _, int _, Set<String> names) -> names;
            case ApiEndpoint.UnixSocket _ -> Set.of();
        };
    }

    void checkToken(RoutingContext ctx) {
        if (!token.granted(ctx.request().getHeader(HttpHeaders.AUTHORIZATION))) {
            ctx.response().putHeader("WWW-Authenticate", "Bearer realm=\"mayfly\"");
            throw new ApiProblemException(
                    ApiProblemException.Kind.TOKEN,
                    "the Authorization header does not carry this API's token",
                    "send \"Authorization: Bearer TOKEN\" with the content of the token file");
        }
        ctx.next();
    }
}
