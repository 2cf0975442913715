package dev.mayfly.config;

import java.net.URI;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What can be said of an address before anybody connects to it. */
public final class Transport {

    private Transport() {}

    /**
     * Whether what is sent there crosses a network in clear. On a loopback address it does not
     * cross any.
     */
    public static boolean isPlainHttp(String address) {
        URI uri;
        try {
            uri = URI.create(address.strip());
        } catch (IllegalArgumentException _) {
            return false; // other checks say what is wrong with it
        }
        return "http".equalsIgnoreCase(uri.getScheme()) && !isLoopback(uri.getHost());
    }

    /** By its name alone: who answers for another name is up to the network. */
    private static boolean isLoopback(@Nullable String host) {
        if (host == null) {
            return false;
        }
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost")
                || name.equals("[::1]")
                || name.matches("127(\\.[0-9]{1,3}){3}");
    }
}
