/** 8: leave nothing, and prove it. Works from labels and the journal alone. */
@NullMarked
package dev.mayfly.teardown;

import org.jspecify.annotations.NullMarked;
