/** Puts the process together, starts it and stops it. */
@NullMarked
package dev.mayfly.bootstrap;

import org.jspecify.annotations.NullMarked;
