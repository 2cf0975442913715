package dev.mayfly.job;

/**
 * What a registry wants of who pulls from it.
 *
 * @param registry its host, with a port where it is not the usual one; a path in it limits the
 *     login to images below
 * @param user the user's name
 * @param password in memory only
 */
public record RegistryLogin(String registry, String user, SecretValue password) {

    /** Whether it is for this image. */
    public boolean covers(String image) {
        return image.startsWith(registry + "/");
    }
}
