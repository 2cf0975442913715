/**
 * Beside the way: what outlives the process. One directory, one database, shared by the queue and
 * the journal. Depends on the JDK and SQLite only.
 */
@NullMarked
package dev.mayfly.state;

import org.jspecify.annotations.NullMarked;
