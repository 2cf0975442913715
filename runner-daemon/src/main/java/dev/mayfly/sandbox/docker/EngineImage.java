package dev.mayfly.sandbox.docker;

import java.util.List;

/**
 * An image that is on the engine.
 *
 * @param id the hash of its configuration, which names exactly these bytes
 * @param user as its USER says: empty, a number or a name, possibly with a group
 * @param entrypoint its ENTRYPOINT
 * @param command its CMD
 * @param tcpPorts the ports it exposes, lowest first
 */
record EngineImage(
        String id,
        String user,
        List<String> entrypoint,
        List<String> command,
        List<Integer> tcpPorts) {

    EngineImage {
        entrypoint = List.copyOf(entrypoint);
        command = List.copyOf(command);
        tcpPorts = List.copyOf(tcpPorts);
    }

    /** The same with another user. */
    EngineImage as(String other) {
        return new EngineImage(id, other, entrypoint, command, tcpPorts);
    }

    /**
     * Whether processes of the image are root as far as its configuration tells. A name other than
     * {@code root} counts as an ordinary user, and gets no capabilities whatever its number is.
     */
    boolean runsAsRoot() {
        String name = user.split(":", 2)[0].strip();
        return name.isEmpty() || name.equals("root") || name.chars().allMatch(c -> c == '0');
    }
}
