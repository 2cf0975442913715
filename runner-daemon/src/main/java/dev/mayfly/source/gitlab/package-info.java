/** Jobs from a GitLab server, over the protocol of its own runner. */
@NullMarked
package dev.mayfly.source.gitlab;

import org.jspecify.annotations.NullMarked;
