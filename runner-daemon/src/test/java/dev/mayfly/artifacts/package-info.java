/** Tests of what jobs keep and are brought. */
@NullMarked
package dev.mayfly.artifacts;

import org.jspecify.annotations.NullMarked;
