/** What was decided of jobs, and what people have approved: kept, so that it outlives a restart. */
@NullMarked
package dev.mayfly.decision;

import org.jspecify.annotations.NullMarked;
