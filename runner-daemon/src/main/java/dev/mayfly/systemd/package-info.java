/** What the daemon and systemd tell each other: readiness, signs of life, and the daemon's log. */
@NullMarked
package dev.mayfly.systemd;

import org.jspecify.annotations.NullMarked;
