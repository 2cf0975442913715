package dev.mayfly.config;

import java.nio.file.Path;

/**
 * The encrypted file that secrets come from.
 *
 * @param file the file; may not exist yet
 * @param keyFile the file with its key; may not exist yet
 */
public record SecretsSettings(Path file, Path keyFile) {}
