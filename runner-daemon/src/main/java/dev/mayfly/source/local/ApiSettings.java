package dev.mayfly.source.local;

/**
 * What the configuration says of the API.
 *
 * @param endpoint where it listens
 * @param documentBytes the longest job document
 * @param uploadBytes the longest request with a packed workspace
 */
public record ApiSettings(ApiEndpoint endpoint, int documentBytes, long uploadBytes) {

    /** Enough for any job that a person writes. */
    public static final int DOCUMENT_BYTES = 1024 * 1024;

    public ApiSettings {
        if (documentBytes < 1) {
            throw new IllegalArgumentException(
                    "documentBytes is " + documentBytes + ", must be at least 1");
        }
        if (uploadBytes < documentBytes) {
            throw new IllegalArgumentException(
                    "uploadBytes is "
                            + uploadBytes
                            + ", must be at least documentBytes, "
                            + documentBytes);
        }
    }
}
