package dev.mayfly.cli;

import picocli.CommandLine.Option;

/** Whether to use colours. */
final class StyleOption {

    @Option(
            names = "--color",
            paramLabel = "WHEN",
            defaultValue = "auto",
            description = "Colours: auto (on a terminal, unless NO_COLOR is set), always, never.")
    private Style.When when = Style.When.AUTO;

    Style style() {
        return Style.of(when);
    }
}
