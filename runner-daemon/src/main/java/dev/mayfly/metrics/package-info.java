/** What is counted. */
@NullMarked
package dev.mayfly.metrics;

import org.jspecify.annotations.NullMarked;
