package dev.mayfly.artifacts.s3;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/**
 * Keys in files, as they are when they are asked for.
 *
 * @param files where
 */
record KeyFiles(S3Settings.Access.KeyFiles files) implements AwsCredentialsProvider {

    /** A file that cannot be used; its message names the key of the configuration. */
    static final class Unusable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private Unusable(String message) {
            super(message);
        }
    }

    @Override
    public AwsCredentials resolveCredentials() {
        String access = read("access_key_file", files.accessKey());
        String secret = read("secret_key_file", files.secretKey());
        Path token = files.sessionToken();
        return token == null
                ? AwsBasicCredentials.create(access, secret)
                : AwsSessionCredentials.create(access, secret, read("session_token_file", token));
    }

    /** The content, which no message has a part of. */
    private static String read(String key, Path file) {
        String named = "cache.s3." + key + ": " + file;
        try {
            if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
                throw new Unusable(
                        named + " can be read by every user of this host: chmod o-r " + file);
            }
            String content = Files.readString(file).strip();
            if (!content.matches("[!-~]+")) {
                throw new Unusable(
                        named
                                + (content.isEmpty()
                                        ? " is empty"
                                        : " holds more than one word, or other than ASCII"));
            }
            return content;
        } catch (NoSuchFileException e) {
            throw new Unusable(named + " is not there");
        } catch (CharacterCodingException e) {
            throw new Unusable(named + " holds other than text");
        } catch (IOException e) {
            throw new Unusable(named + " cannot be read: " + e.getClass().getSimpleName());
        }
    }
}
