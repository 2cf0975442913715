package dev.mayfly.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** Finds the addresses of names. */
@FunctionalInterface
public interface Resolver {

    /**
     * The addresses of a name, in the order in which they are to be tried.
     *
     * @return at least one
     * @throws IOException with a reason in words, if there is none
     */
    List<InetAddress> addresses(Host.Name name) throws IOException, InterruptedException;
}
