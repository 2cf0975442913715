package dev.mayfly.job;

import java.util.SortedMap;

/** Says where packed files come from, in one more file that is packed with them. */
public interface Provenance {

    /** What that file is called: a name without directories. */
    String fileName();

    /**
     * What is in it. Asked again for the same files, it says the same.
     *
     * @param digests SHA-256 in small hex digits of each file that is packed, by its path
     */
    byte[] statement(SortedMap<String, String> digests);
}
