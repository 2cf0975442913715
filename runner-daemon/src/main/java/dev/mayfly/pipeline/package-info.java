/** The grammar of {@code .gitlab-ci.yml}: from a pipeline's files to one job that runs here. */
@NullMarked
package dev.mayfly.pipeline;

import org.jspecify.annotations.NullMarked;
