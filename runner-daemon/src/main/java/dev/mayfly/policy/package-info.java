/**
 * Policy as code: conditions in CEL over the facts of a job, rules made of them, and what they say
 * of a job together. CEL itself is loaded with the first condition and not before.
 */
@NullMarked
package dev.mayfly.policy;

import org.jspecify.annotations.NullMarked;
