package dev.mayfly.cli;

import java.io.Console;
import org.jspecify.annotations.Nullable;

/**
 * How text is set: with colours on a terminal, plain elsewhere, as {@code NO_COLOR} and the {@code
 * --color} option say.
 *
 * @param colours whether escape sequences are used
 * @param interactive whether somebody watches, so that a line may be drawn over
 */
record Style(boolean colours, boolean interactive) {

    static final Style PLAIN = new Style(false, false);

    /** When to use colours. */
    enum When {
        AUTO,
        ALWAYS,
        NEVER
    }

    static Style of(When when) {
        return of(when, terminal(), System.getenv("NO_COLOR"));
    }

    /**
     * The style for one process.
     *
     * @param noColor the variable of that name, or null; an empty one counts as not set
     */
    static Style of(When when, boolean terminal, @Nullable String noColor) {
        boolean wanted =
                switch (when) {
                    case ALWAYS -> true;
                    case NEVER -> false;
                    case AUTO -> terminal && (noColor == null || noColor.isEmpty());
                };
        return new Style(wanted, terminal && when != When.NEVER);
    }

    /** Whether somebody watches and can be asked. */
    @SuppressWarnings("SystemConsoleNull") // since JDK 25 it is null again where no terminal is
    static boolean terminal() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    String heading(String text) {
        return set("1;36", text);
    }

    String good(String text) {
        return set("32", text);
    }

    String bad(String text) {
        return set("31", text);
    }

    String faint(String text) {
        return set("2", text);
    }

    private String set(String code, String text) {
        return colours ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
