/** Identity tokens of jobs, checked against the keys that their issuer publishes. */
@NullMarked
package dev.mayfly.admission.oidc;

import org.jspecify.annotations.NullMarked;
