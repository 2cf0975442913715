package dev.mayfly.artifacts;

import dev.mayfly.job.Artifact;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.FileSelection;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Picks out of a listing what is meant by patterns, and counts for whom wrote them. Each entry of
 * the listing is offered once. For one thread.
 */
public final class Selection {

    private final String directory;
    private final boolean wantsUntracked;
    private final List<Counted> paths = new ArrayList<>();
    private final List<Counted> excludes = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final List<WorkspaceEntry> entries = new ArrayList<>();
    private final int mostEntries;
    private Set<String> untracked = Set.of();
    private long untrackedFound;
    private long unreadable;
    private long special;
    private long bytes;

    /** A pattern and how often it has matched. */
    private static final class Counted {
        private final String text;
        private final Glob glob;
        private long count;

        Counted(String text, Glob glob) {
            this.text = text;
            this.glob = glob;
        }
    }

    /**
     * Prepares. A pattern that cannot be used is said in {@link #findings()}.
     *
     * @param directory that the patterns are relative to, absolute
     * @param mostEntries how many may be meant
     */
    public Selection(FileSelection wanted, String directory, int mostEntries) {
        this.directory = directory;
        this.mostEntries = mostEntries;
        this.wantsUntracked = wanted.untracked();
        wanted.paths().forEach(pattern -> read(pattern, paths));
        wanted.exclude().forEach(pattern -> read(pattern, excludes));
    }

    /** Whether it needs to know what git does not know. */
    public boolean wantsUntracked() {
        return wantsUntracked;
    }

    /** Says what git does not know. Before the first entry is offered. */
    public void untracked(Set<String> names) {
        if (wantsUntracked) {
            untracked = names;
        }
    }

    /**
     * Looks at an entry.
     *
     * @throws FaultException {@code ARTIFACTS} when more is meant than may be
     */
    void offer(WorkspaceEntry entry) {
        boolean meant = false;
        for (Counted path : paths) {
            if (path.glob.matchesOrHolds(entry.path())) {
                path.count++;
                meant = true;
            }
        }
        if (untracked.contains(entry.path())) {
            untrackedFound++;
            meant = true;
        }
        if (meant && !excluded(entry)) {
            take(entry);
        }
    }

    private boolean excluded(WorkspaceEntry entry) {
        for (Counted exclude : excludes) {
            if (exclude.glob.matches(entry.path())) {
                exclude.count++;
                return true;
            }
        }
        return false;
    }

    private void take(WorkspaceEntry entry) {
        switch (entry.kind()) {
            case OTHER -> special++;
            case FILE -> {
                if (!entry.attributes().readable()) {
                    unreadable++;
                    return;
                }
                bytes += entry.bytes();
                add(entry);
            }
            case DIRECTORY, LINK -> add(entry);
        }
    }

    private void add(WorkspaceEntry entry) {
        if (entries.size() == mostEntries) {
            throw new FaultException(
                    Fault.ARTIFACTS,
                    "more than %d files and directories are meant; that is the limit of this host: narrow the paths, or pack the files in the script"
                            .formatted(mostEntries));
        }
        entries.add(entry);
    }

    /** What is meant, in the order of the paths, so that a directory comes before what is in it. */
    List<WorkspaceEntry> entries() {
        return entries.stream().sorted(Comparator.comparing(WorkspaceEntry::path)).toList();
    }

    /** Whether nothing is. */
    public boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Whether nothing would come of it in this form. */
    public boolean isEmptyAs(Artifact.Form form) {
        return form == Artifact.Form.ZIP
                ? isEmpty()
                : entries.stream().noneMatch(one -> one.kind() == WorkspaceEntry.Kind.FILE);
    }

    /** How many files and directories are meant, in words. */
    public String count() {
        return entries.size() == 1 ? "1 file" : entries.size() + " files and directories";
    }

    /** Of all files together. */
    public long bytes() {
        return bytes;
    }

    /** What came of each pattern, in lines for the job's log. */
    public List<String> findings() {
        List<String> lines = new ArrayList<>(warnings);
        for (Counted path : paths) {
            lines.add(
                    path.count == 0
                            ? "%s: no matching files; paths are relative to %s"
                                    .formatted(path.text, directory)
                            : "%s: found %d matching files and directories"
                                    .formatted(path.text, path.count));
        }
        if (wantsUntracked) {
            lines.add("untracked: found %d files".formatted(untrackedFound));
        }
        for (Counted exclude : excludes) {
            if (exclude.count > 0) {
                lines.add("%s: excluded %d files".formatted(exclude.text, exclude.count));
            }
        }
        if (unreadable > 0) {
            lines.add(
                    "%d files are left out: the job's user may not read them"
                            .formatted(unreadable));
        }
        if (special > 0) {
            lines.add("%d pipes, sockets or devices are left out".formatted(special));
        }
        return lines;
    }

    private void read(String pattern, List<Counted> into) {
        if (pattern.isBlank()) {
            return; // of a variable that is not set
        }
        try {
            String inside = inside(pattern);
            if (inside == null) {
                warnings.add("%s: outside of %s, so it is left out".formatted(pattern, directory));
            } else {
                into.add(new Counted(pattern, Glob.of(inside)));
            }
        } catch (IllegalArgumentException e) {
            warnings.add("%s: not a pattern: %s".formatted(pattern, e.getMessage()));
        }
    }

    /** The pattern relative to the directory, or null when it leaves it. */
    private @Nullable String inside(String pattern) {
        String text = pattern.startsWith("/") ? pattern : directory + "/" + pattern;
        Deque<String> names = new ArrayDeque<>();
        for (String name : text.split("/", -1)) {
            if (name.equals("..")) {
                names.pollLast();
            } else if (!name.isEmpty() && !name.equals(".")) {
                names.add(name);
            }
        }
        for (String name : directory.substring(1).split("/", -1)) {
            if (!name.equals(names.pollFirst())) {
                return null;
            }
        }
        return String.join("/", names);
    }
}
