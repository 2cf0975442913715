package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.util.Optional;

/**
 * Whom a container runs as: a user and perhaps a group behind a colon, each a number or a name of
 * its image.
 *
 * @param text as an image's USER has it; empty for root
 */
record ContainerUser(String text) {

    private static final int MOST_DIGITS = 10;

    /**
     * Looks at the numbers in it, which the engine would only look at when the container starts.
     *
     * @throws FaultException {@code IMAGE} for one that no user can have
     */
    void requireNumbersInRange(String image) {
        for (String part : text.split(":", -1)) {
            if (isNumber(part)
                    && (part.length() > MOST_DIGITS || Long.parseLong(part) > Integer.MAX_VALUE)) {
                throw new FaultException(
                        Fault.IMAGE,
                        "image %s is to run as user \"%s\", and numbers of users and groups go from 0 to %d; name another in image:docker:user, or in the image's USER"
                                .formatted(image, text, Integer.MAX_VALUE));
            }
        }
    }

    /**
     * Why a container of the image cannot run as this user.
     *
     * @param container made and not started
     * @return a sentence, or empty if its user is there or nobody can tell
     */
    Optional<String> missing(Containers containers, String container, String image)
            throws InterruptedException {
        String[] parts = text.split(":", -1);
        if (isMissing(containers, container, "/etc/passwd", parts[0])) {
            return Optional.of(sentence(image, "user", parts[0], "/etc/passwd"));
        }
        if (parts.length > 1 && isMissing(containers, container, "/etc/group", parts[1])) {
            return Optional.of(sentence(image, "group", parts[1], "/etc/group"));
        }
        return Optional.empty();
    }

    private static boolean isMissing(
            Containers containers, String container, String file, String name)
            throws InterruptedException {
        if (name.isEmpty() || isNumber(name)) {
            return false;
        }
        String lines = containers.textIn(container, file).orElse("");
        return lines.lines().noneMatch(line -> line.startsWith(name + ":"));
    }

    private static String sentence(String image, String kind, String name, String file) {
        return "image %s has no %s \"%s\" in its %s; name another in image:docker:user or services:docker:user, or in the image's USER, or write its number"
                .formatted(image, kind, name, file);
    }

    private static boolean isNumber(String part) {
        return !part.isEmpty() && part.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
