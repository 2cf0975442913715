/**
 * Breaks each rule of {@link dev.mayfly.Architecture} on purpose, to prove that the rule notices.
 */
package dev.mayfly.violation;
