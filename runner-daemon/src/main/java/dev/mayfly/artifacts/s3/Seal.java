package dev.mayfly.artifacts.s3;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What stands at the end of each object: a mark, and a digest of the object's name and content. It
 * is part of the object, because a digest is known only when all has been sent, and an object with
 * its seal appears as one. A damaged object has none that fits, nor has one that somebody else has
 * put there or that was copied from another name.
 */
final class Seal {

    private static final byte[] MARK = "mayfly-1".getBytes(US_ASCII);
    private static final int MARK_BYTES = 8;
    private static final int DIGEST_BYTES = 32;

    /** Its length. */
    static final int BYTES = MARK_BYTES + DIGEST_BYTES;

    private final MessageDigest digest;

    /** Begins the seal of one object. */
    Seal(String name) {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        digest.update(MARK);
        digest.update(name.getBytes(UTF_8));
        digest.update((byte) 0);
    }

    /** Takes the next bytes of the content. */
    void update(byte[] bytes, int offset, int length) {
        digest.update(bytes, offset, length);
    }

    /** The seal of what was taken. Once. */
    byte[] bytes() {
        return ByteBuffer.allocate(BYTES).put(MARK).put(digest.digest()).array();
    }

    /**
     * Whether the file is an object of that name, whole. It is left without its seal then, at its
     * beginning.
     */
    static boolean opens(FileChannel file, String name) throws IOException {
        long content = file.size() - BYTES;
        if (content < 0) {
            return false;
        }
        Seal seal = new Seal(name);
        ByteBuffer piece = ByteBuffer.allocate(1 << 16);
        file.position(0);
        for (long left = content; left > 0; ) {
            piece.clear().limit((int) Math.min(piece.capacity(), left));
            if (file.read(piece) < 0) {
                return false;
            }
            seal.update(piece.array(), 0, piece.position());
            left -= piece.position();
        }
        ByteBuffer found = ByteBuffer.allocate(BYTES);
        while (found.hasRemaining()) {
            if (file.read(found) < 0) {
                return false;
            }
        }
        if (!MessageDigest.isEqual(found.array(), seal.bytes())) {
            return false;
        }
        file.truncate(content).position(0);
        return true;
    }
}
