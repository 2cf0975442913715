package dev.mayfly.logs;

/**
 * The forms in which a secret's value is looked for. Also a key in the statistics, so the list
 * stays short.
 */
public enum Variant {
    /** The value, without line ends around it: those are the log's. */
    EXACT,
    /** The value without any blanks around it. */
    TRIMMED,
    /** A multi-line value with other line ends: LF, CRLF, a literal {@code \n}, blanks. */
    JOINED,
    /** One line of a multi-line value. */
    LINE,
    /** Base64 and base64url, wherever the value stands in what was encoded. */
    BASE64,
    /** Two hexadecimal digits a byte, upper or lower case. */
    HEX,
    /** URL and form encoding. */
    PERCENT,
    /** The inside of a JSON string, also of one that is itself inside a JSON string. */
    JSON,
    /** XML and HTML entities. */
    MARKUP,
    /** Quoted for a shell, as {@code set -x} and {@code printf %q} print it. */
    SHELL
}
