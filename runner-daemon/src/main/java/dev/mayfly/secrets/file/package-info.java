/** The embedded secrets provider: one encrypted file. */
@NullMarked
package dev.mayfly.secrets.file;

import org.jspecify.annotations.NullMarked;
