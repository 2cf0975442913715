package dev.mayfly.config;

import dev.mayfly.logs.TokenShapes;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The token rules that pools name beside the program's own, read once. */
final class TokenRuleFiles {

    private static final String MASKING = "masking";
    private static final String KEY = "token_rules";

    private final Path directory;
    private final TokenShapes builtIn = TokenShapes.of(TokenRules.builtIn());
    private final Map<String, TokenShapes> shapes = new HashMap<>();

    private TokenRuleFiles(Path directory) {
        this.directory = directory;
    }

    /** Reads them all; each mistake in one is a problem of its pool. */
    static TokenRuleFiles read(Section root, Path directory) {
        TokenRuleFiles files = new TokenRuleFiles(directory);
        root.sections("pools").stream()
                .filter(pool -> pool.has(MASKING))
                .map(pool -> pool.section(MASKING))
                .filter(masking -> masking.has(KEY))
                .forEach(files::read);
        return files;
    }

    /** What a pool hides because of its shape. */
    TokenShapes of(Section masking) {
        if (!masking.flag("token_shapes")) {
            return TokenShapes.none();
        }
        return masking.has(KEY) ? shapes.getOrDefault(masking.text(KEY), builtIn) : builtIn;
    }

    private void read(Section masking) {
        if (!masking.flag("token_shapes")) {
            masking.report(
                    KEY,
                    "token_shapes is off, so these rules would never be used",
                    "remove one of the two keys");
            return;
        }
        try {
            shapes.put(
                    masking.text(KEY), TokenRules.builtInAnd(directory.resolve(masking.text(KEY))));
        } catch (ConfigException e) {
            for (Problem problem : e.problems()) {
                masking.report(KEY, problem.withoutCure(), problem.cure());
            }
        }
    }
}
