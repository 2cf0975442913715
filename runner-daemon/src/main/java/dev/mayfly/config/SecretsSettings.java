package dev.mayfly.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where secrets come from.
 *
 * @param file the encrypted file; may not exist yet
 * @param keyFile the file with its key; may not exist yet
 * @param vault a server beside it, or null for none
 */
public record SecretsSettings(Path file, Path keyFile, @Nullable VaultSettings vault) {}
