/** 7: a job's output: masked, bounded, in order, to every sink. */
@NullMarked
package dev.mayfly.logs;

import org.jspecify.annotations.NullMarked;
