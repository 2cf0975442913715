package dev.mayfly.secrets.file;

import dev.mayfly.job.SecretValue;

/** One secret of the file, with its value. */
record StoredSecret(SecretEntry entry, SecretValue value) {}
