/** The Docker engine through docker-java. No docker-java type is seen outside. */
@NullMarked
package dev.mayfly.sandbox.docker;

import org.jspecify.annotations.NullMarked;
