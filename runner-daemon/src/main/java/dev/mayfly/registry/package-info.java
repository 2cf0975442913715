/** Reads logins to image registries where people keep them: in Docker's own format. */
@NullMarked
package dev.mayfly.registry;

import org.jspecify.annotations.NullMarked;
