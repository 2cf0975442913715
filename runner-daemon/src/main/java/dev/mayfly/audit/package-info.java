/**
 * Who may say afterwards what happened: an append-only, chained and signed record of each job and
 * of what decided on it.
 */
@NullMarked
package dev.mayfly.audit;

import org.jspecify.annotations.NullMarked;
