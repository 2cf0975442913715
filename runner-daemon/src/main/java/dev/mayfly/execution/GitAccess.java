package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.GitFetch;
import dev.mayfly.job.Places;
import dev.mayfly.job.SecretValue;
import dev.mayfly.sandbox.DeliveredFile;
import java.util.ArrayList;
import java.util.List;

/**
 * What git is told of a server, as files that are there while the sources are fetched and no
 * longer. A file and not variables, because git does not pass those on to its submodules.
 */
final class GitAccess {

    /** The file that {@code GIT_CONFIG_GLOBAL} names. */
    static final String CONFIGURATION = "git-config";

    private static final String PASSWORD = "git-password";
    private static final String AUTHORITIES = "git-authorities";

    private GitAccess() {}

    static List<DeliveredFile> files(GitFetch.Access access) {
        StringBuilder config = new StringBuilder();
        List<DeliveredFile> files = new ArrayList<>();
        if (access.password() != null) {
            files.add(new DeliveredFile(PASSWORD, access.password()));
            config.append("[credential %s]\n".formatted(quoted(access.base())))
                    .append("\tusername = %s\n".formatted(quoted(access.user())))
                    .append(
                            "\thelper = %s\n"
                                    .formatted(
                                            quoted(
                                                    "!f() { test \"$1\" = get && printf"
                                                            + " 'password=%s\\n' \"$(cat "
                                                            + Places.file(PASSWORD)
                                                            + ")\"; }; f")));
        }
        if (access.authorities() != null) {
            files.add(
                    new DeliveredFile(
                            AUTHORITIES, new SecretValue(access.authorities().getBytes(UTF_8))));
            config.append("[http %s]\n".formatted(quoted(access.base())))
                    .append("\tsslCAInfo = %s\n".formatted(Places.file(AUTHORITIES)));
        }
        if (!access.insteadOf().isEmpty()) {
            config.append("[url %s]\n".formatted(quoted(access.base())));
            access.insteadOf()
                    .forEach(one -> config.append("\tinsteadOf = %s\n".formatted(quoted(one))));
        }
        files.add(
                new DeliveredFile(
                        CONFIGURATION, new SecretValue(config.toString().getBytes(UTF_8))));
        return files;
    }

    /** As git's configuration writes a text. */
    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
