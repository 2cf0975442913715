/**
 * 1: where jobs come from and where news of them goes back to. One sub-package for each CI server.
 */
@NullMarked
package dev.mayfly.source;

import org.jspecify.annotations.NullMarked;
