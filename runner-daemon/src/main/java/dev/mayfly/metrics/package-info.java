/**
 * What is counted. Labels are few and closed: pools, sources, enums and a bounded number of
 * secrets, never a job or a text.
 */
@NullMarked
package dev.mayfly.metrics;

import org.jspecify.annotations.NullMarked;
