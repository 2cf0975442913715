package dev.mayfly.sandbox;

/**
 * Which engine something is on: where it is reached, since that is what is known of it without
 * asking.
 *
 * @param value for example {@code unix:///var/run/docker.sock}
 */
public record EngineName(String value) {

    @Override
    public String toString() {
        return value;
    }
}
