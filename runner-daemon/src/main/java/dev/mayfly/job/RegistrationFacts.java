package dev.mayfly.job;

/**
 * What the operator's configuration says of the way a job came in.
 *
 * @param name of the source
 * @param server where the CI server is, or empty for the embedded queue
 * @param protectedOnly whether the server gives this runner jobs of protected refs only
 */
public record RegistrationFacts(String name, String server, boolean protectedOnly)
        implements Facts.Group {

    @Override
    public Facts.Origin origin() {
        return Facts.Origin.REGISTRATION;
    }
}
