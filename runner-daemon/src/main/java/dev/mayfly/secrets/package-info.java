/** 4: references become values with leases. */
@NullMarked
package dev.mayfly.secrets;

import org.jspecify.annotations.NullMarked;
