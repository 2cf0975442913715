/** By whose pulls images came to an engine, and what tags stood for, in the state database. */
@NullMarked
package dev.mayfly.images;

import org.jspecify.annotations.NullMarked;
