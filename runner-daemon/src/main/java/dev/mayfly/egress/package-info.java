/**
 * What a job's connections may reach: decided, made and recorded on the daemon's side of the relay
 * that stands in the job's network.
 */
@NullMarked
package dev.mayfly.egress;

import org.jspecify.annotations.NullMarked;
