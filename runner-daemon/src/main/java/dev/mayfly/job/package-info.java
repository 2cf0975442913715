/** The vocabulary of a job: what every stage speaks and nothing else. Depends on the JDK only. */
@NullMarked
package dev.mayfly.job;

import org.jspecify.annotations.NullMarked;
