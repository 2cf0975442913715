/** The embedded source: a durable queue in this process behind an HTTP API. */
@NullMarked
package dev.mayfly.source.local;

import org.jspecify.annotations.NullMarked;
