package dev.mayfly.job;

import java.util.List;

/**
 * Which files of the source directory are meant. Nothing outside it ever is.
 *
 * @param paths glob patterns: {@code *} and {@code ?} stay within a name, {@code **} goes over any
 *     number of directories; a directory stands for everything in it
 * @param exclude patterns of what is left out all the same; a directory stands for itself alone
 * @param untracked whether what git does not know is meant too
 */
public record FileSelection(List<String> paths, List<String> exclude, boolean untracked) {

    public FileSelection {
        paths = List.copyOf(paths);
        exclude = List.copyOf(exclude);
    }
}
