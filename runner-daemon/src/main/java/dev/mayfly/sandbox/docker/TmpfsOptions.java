package dev.mayfly.sandbox.docker;

/** What an engine lets be said of a tmpfs beside its size and mode. */
enum TmpfsOptions {
    /** Whatever the kernel knows. */
    ALL,
    /** Podman refuses a container whose options have more than it knows itself. */
    FEW;

    /** The option for the most files it may have, to be appended; empty where it cannot be said. */
    String files(long most) {
        return this == ALL ? ",nr_inodes=" + most : "";
    }

    /** Whether its owner can be said. */
    boolean owner() {
        return this == ALL;
    }
}
