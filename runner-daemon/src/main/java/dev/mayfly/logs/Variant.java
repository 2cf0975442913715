package dev.mayfly.logs;

/**
 * The forms in which a secret's value is looked for. Also a key in the statistics, so the list
 * stays short.
 */
public enum Variant {
    /** The value, without line ends around it: those are the log's. */
    EXACT,
    /** The value without any blanks, or without the quotes, around it. */
    TRIMMED,
    /** A multi-line value with other line ends: LF, CRLF, a literal {@code \n}, blanks. */
    JOINED,
    /** One line of a multi-line value, one member of a structured one. */
    LINE,
    /** Base64 and base64url, wherever the value stands in what was encoded; base64 of base64. */
    BASE64,
    /** Two hexadecimal digits a byte, upper or lower case, with separators or without. */
    HEX,
    /** URL and form encoding, once or twice, also of base64. */
    PERCENT,
    /** The inside of a JSON string, also of one that is itself inside a JSON string. */
    JSON,
    /** The inside of a string as other languages write it: Go, Python, JavaScript, Rust, SQL. */
    LITERAL,
    /** XML and HTML entities, also of JSON. */
    MARKUP,
    /** Quoted for a shell, as {@code set -x} and {@code printf %q} print it. */
    SHELL,
    /** Quoted for PowerShell or cmd. */
    POWERSHELL,
    /** UTF-16, either byte order, and base64 of it. */
    UTF16
}
