/** Caches in a bucket of an S3-compatible store, which several hosts may share. */
@NullMarked
package dev.mayfly.artifacts.s3;

import org.jspecify.annotations.NullMarked;
