package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Whom a container runs as: a user and perhaps a group behind a colon, each a number or a name of
 * its image.
 *
 * @param text as an image's USER has it; empty for root
 */
record ContainerUser(String text) {

    private static final int MOST_DIGITS = 10;

    /** Twice a name that useradd makes, and a colon. */
    private static final int MOST_CHARACTERS = 65;

    /** Of a line of /etc/passwd. */
    private static final int NUMBER_FIELD = 2;

    /**
     * Looks at what the engine would only look at when the container starts, or not at all.
     *
     * @throws FaultException {@code IMAGE} for what is not a user and a group, or a number that
     *     none of them can have
     */
    void requireSensible(String image) {
        if (text.length() > MOST_CHARACTERS) {
            throw new FaultException(
                    Fault.IMAGE,
                    "image %s is to run as a user of %d characters, and %d are the most; name another in image:docker:user, or in the image's USER"
                            .formatted(image, text.length(), MOST_CHARACTERS));
        }
        String[] parts = text.split(":", -1);
        if (parts.length > 2) {
            throw new FaultException(
                    Fault.IMAGE,
                    "image %s is to run as user \"%s\", which is more than a user and a group; write USER or USER:GROUP in image:docker:user, or in the image's USER"
                            .formatted(image, text));
        }
        for (String part : parts) {
            if (isNumber(part) && number(part).isEmpty()) {
                throw new FaultException(
                        Fault.IMAGE,
                        "image %s is to run as user \"%s\", and numbers of users and groups go from 0 to %d; name another in image:docker:user, or in the image's USER"
                                .formatted(image, text, Integer.MAX_VALUE));
            }
        }
    }

    /** The user's number, if it says one. */
    OptionalInt number() {
        return number(text.split(":", 2)[0]);
    }

    /**
     * The number that the name has in a container.
     *
     * @param container made and not started
     * @return empty if there is no such user
     */
    OptionalInt numberIn(Containers containers, String container) throws InterruptedException {
        String name = text.split(":", 2)[0];
        return containers
                .textIn(container, "/etc/passwd")
                .orElse("")
                .lines()
                .map(line -> line.split(":", -1))
                .filter(fields -> fields.length > NUMBER_FIELD && fields[0].equals(name))
                .map(fields -> number(fields[NUMBER_FIELD]))
                .findFirst()
                .orElse(OptionalInt.empty());
    }

    private static OptionalInt number(String part) {
        return isNumber(part)
                        && part.length() <= MOST_DIGITS
                        && Long.parseLong(part) <= Integer.MAX_VALUE
                ? OptionalInt.of(Integer.parseInt(part))
                : OptionalInt.empty();
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
