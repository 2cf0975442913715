/** The configuration file and the job file: read, checked, and turned into settings. */
@NullMarked
package dev.mayfly.config;

import org.jspecify.annotations.NullMarked;
