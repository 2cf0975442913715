@NullMarked
package dev.mayfly.artifacts.s3;

import org.jspecify.annotations.NullMarked;
