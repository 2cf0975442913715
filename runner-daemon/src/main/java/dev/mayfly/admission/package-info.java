/**
 * 2: may this job run here, and in which pool? Pure functions from facts to a verdict with a
 * reason.
 */
@NullMarked
package dev.mayfly.admission;

import org.jspecify.annotations.NullMarked;
