/**
 * Secrets that a Vault or OpenBao server makes or keeps: for one job, under an identity of the job,
 * taken back at its end.
 */
@NullMarked
package dev.mayfly.secrets.vault;

import org.jspecify.annotations.NullMarked;
