/** From the configuration of GitLab's own runner to Mayfly's. */
@NullMarked
package dev.mayfly.migration;

import org.jspecify.annotations.NullMarked;
