/** 3: who runs when. Slots of one trust level each. */
@NullMarked
package dev.mayfly.pool;

import org.jspecify.annotations.NullMarked;
