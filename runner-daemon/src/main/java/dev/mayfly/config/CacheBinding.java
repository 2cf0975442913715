package dev.mayfly.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a configuration says of caches: first whether it fits together, then as settings.
 *
 * @param cache the section
 */
record CacheBinding(Section cache) {

    private static final List<String> KEY_FILES =
            List.of("access_key_file", "secret_key_file", "session_token_file");

    private Section s3() {
        return cache.section("s3");
    }

    private boolean isBucket() {
        return cache.text("store").equals("s3");
    }

    // -- checks

    void check() {
        if (cache.review().isFaulty(cache.pointer("store"))) {
            return;
        }
        if (cache.value().has("s3") && !isBucket()) {
            cache.report(
                    "s3",
                    "is not used, because store is " + cache.text("store"),
                    "write store: s3, or remove this");
        }
        if (!isBucket()) {
            return;
        }
        if (!cache.value().has("s3")) {
            cache.report(
                    "store",
                    "is s3, and nothing says which bucket",
                    "add s3 with at least bucket, access_key_file and secret_key_file");
            return;
        }
        if (cache.has("path")) {
            cache.report(
                    "path", "is for caches in a directory", "remove this, or write store: local");
        }
        if (!cache.review().isFaulty(cache.pointer("s3"))) {
            checkKeys();
            checkTransport();
        }
    }

    private void checkKeys() {
        Section s3 = s3();
        if (s3.review().isFaulty(s3.pointer("credentials"))) {
            return;
        }
        boolean chain = s3.text("credentials").equals("aws_chain");
        for (String key : KEY_FILES) {
            boolean written = s3.value().has(key);
            if (chain && written) {
                s3.report(
                        key,
                        "is not read, because credentials is aws_chain",
                        "remove this, or write credentials: files");
            }
            if (!chain && !written && !key.equals("session_token_file")) {
                s3.report(
                        key,
                        "is missing",
                        "name the file with the key, or write credentials: aws_chain");
            }
        }
    }

    private void checkTransport() {
        Section s3 = s3();
        if (!s3.has("endpoint") || s3.review().isFaulty(s3.pointer("plain_http"))) {
            return;
        }
        URI endpoint = URI.create(s3.text("endpoint"));
        if (endpoint.getHost() == null) {
            s3.report(
                    "endpoint",
                    "names no host",
                    "write for example: endpoint: https://s3.example.com:9000");
        } else if (endpoint.getScheme().equals("http")
                && !s3.flag("plain_http")
                && !endpoint.getHost().matches("localhost|127(\\.[0-9]{1,3}){3}|\\[::1\\]")) {
            s3.report(
                    "endpoint",
                    "is plain http, by which anybody on the way can read and exchange caches",
                    "write https://, or plain_http: true for a network that only trusted hosts are"
                            + " in");
        }
    }

    // -- settings

    /**
     * The settings of a section without problems; null for no caches.
     *
     * @param directory where relative paths start
     * @param otherwise the directory for caches if the section names none
     */
    ExchangeSettings.@Nullable Cache settings(Path directory, Path otherwise) {
        if (cache.text("store").equals("none")) {
            return null;
        }
        return new ExchangeSettings.Cache(
                isBucket()
                        ? bucket(directory)
                        : new ExchangeSettings.Place.Directory(
                                absolute(
                                        directory,
                                        cache.has("path")
                                                ? Path.of(cache.text("path"))
                                                : otherwise)),
                cache.bytes("max_size"),
                cache.bytes("max_entry"),
                cache.duration("max_unused"));
    }

    private ExchangeSettings.Place bucket(Path directory) {
        Section s3 = s3();
        URI endpoint = s3.has("endpoint") ? URI.create(s3.text("endpoint")) : null;
        return new ExchangeSettings.Place.Bucket(
                new ExchangeSettings.Server(
                        endpoint,
                        s3.text("region"),
                        s3.has("path_style") ? s3.flag("path_style") : endpoint != null,
                        s3.has("ca_file") ? file(s3, "ca_file", directory) : null,
                        s3.duration("timeout")),
                s3.text("bucket"),
                s3.has("prefix") ? s3.text("prefix") : "",
                s3.text("credentials").equals("aws_chain")
                        ? null
                        : new ExchangeSettings.Keys(
                                file(s3, "access_key_file", directory),
                                file(s3, "secret_key_file", directory),
                                s3.has("session_token_file")
                                        ? file(s3, "session_token_file", directory)
                                        : null));
    }

    private static Path file(Section section, String key, Path directory) {
        return absolute(directory, Path.of(section.text(key)));
    }

    private static Path absolute(Path directory, Path path) {
        return directory.resolve(path).toAbsolutePath().normalize();
    }
}
