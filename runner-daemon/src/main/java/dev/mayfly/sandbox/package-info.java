/**
 * 5: the disposable environment of one job: network, workspace, helper, job container, services.
 */
@NullMarked
package dev.mayfly.sandbox;

import org.jspecify.annotations.NullMarked;
