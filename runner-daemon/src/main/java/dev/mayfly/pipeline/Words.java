package dev.mayfly.pipeline;

import java.util.Collection;
import java.util.stream.Collectors;

/** How several things are put in a sentence. */
final class Words {

    /** More than this many fill a terminal and help nobody. */
    private static final int MOST = 20;

    private Words() {}

    /** In alphabetical order, cut where there are many. */
    static String list(Collection<String> names) {
        String shown = names.stream().sorted().limit(MOST).collect(Collectors.joining(", "));
        return names.size() > MOST ? shown + " and " + (names.size() - MOST) + " more" : shown;
    }
}
