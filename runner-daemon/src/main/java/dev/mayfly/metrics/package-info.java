/** What is counted. Labels are few and closed: pools, sources, and enums, never a job or a text. */
@NullMarked
package dev.mayfly.metrics;

import org.jspecify.annotations.NullMarked;
