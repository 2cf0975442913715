/** What holds for the whole daemon. */
@NullMarked
package dev.mayfly;

import org.jspecify.annotations.NullMarked;
