package dev.mayfly.sandbox.docker;

/**
 * A version of the engine's API, such as 1.41.
 *
 * @param major before the dot
 * @param minor after the dot
 */
record ApiVersion(int major, int minor) implements Comparable<ApiVersion> {

    /** The newest this adapter was written against; engines from 29 on speak nothing older. */
    static final ApiVersion NEWEST = new ApiVersion(1, 44);

    /** The oldest that has everything this adapter asks for: private cgroup namespaces. */
    static final ApiVersion OLDEST = new ApiVersion(1, 41);

    /**
     * Reads {@code 1.41}.
     *
     * @throws IllegalArgumentException for anything else
     */
    static ApiVersion parse(String text) {
        int dot = text.indexOf('.');
        try {
            return new ApiVersion(
                    Integer.parseInt(text.substring(0, Math.max(dot, 0))),
                    Integer.parseInt(text.substring(dot + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "an API version looks like 1.41, got \"" + text + "\"", e);
        }
    }

    /** What to speak with an engine whose newest version is this one. */
    ApiVersion spoken() {
        return compareTo(NEWEST) < 0 ? this : NEWEST;
    }

    @Override
    public int compareTo(ApiVersion other) {
        return major != other.major
                ? Integer.compare(major, other.major)
                : Integer.compare(minor, other.minor);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
