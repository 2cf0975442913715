/** 6: one job from claim to receipt, top to bottom, on one virtual thread. */
@NullMarked
package dev.mayfly.execution;

import org.jspecify.annotations.NullMarked;
