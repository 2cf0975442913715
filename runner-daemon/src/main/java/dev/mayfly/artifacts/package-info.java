/**
 * 6: what a job keeps and what it is brought: which files are meant, how they are packed, what is
 * unpacked, and where caches are. Knows neither where the files are nor who takes them.
 */
@NullMarked
package dev.mayfly.artifacts;

import org.jspecify.annotations.NullMarked;
