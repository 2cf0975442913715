package dev.mayfly.policy;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelErrorCode;
import dev.cel.common.CelIssue;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelValidationResult;
import dev.cel.common.CelVarDecl;
import dev.cel.common.ast.CelReference;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import dev.cel.runtime.Program;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A compiled CEL expression that is true or false. Safe for use by many threads.
 *
 * <p>What it may cost is bounded where it is written and where it runs: its length, its depth, the
 * steps of all its loops together, and regular expressions, which are RE2's and take linear time.
 *
 * @param text as it was written
 * @param reads the facts that it looks at
 * @param program what decides it
 */
record Expression(String text, List<String> reads, Program program) {

    private static final int LONGEST = 4096;
    private static final int DEEPEST = 64;
    private static final int MOST_STEPS = 10_000;
    private static final int LARGEST_REGEX = 1_000;

    private static final Pattern FACT = Pattern.compile("\\b(registration|server|job)\\.\\w+");

    private static final CelOptions LIMITS =
            CelOptions.current()
                    .enableHeterogeneousNumericComparisons(true) // as CEL's specification says
                    .maxExpressionCodePointSize(LONGEST)
                    .maxParseRecursionDepth(DEEPEST)
                    .comprehensionMaxIterations(MOST_STEPS)
                    .maxRegexProgramSize(LARGEST_REGEX)
                    .build();

    private static final CelRuntime RUNTIME =
            CelRuntimeFactory.plannerRuntimeBuilder().setOptions(LIMITS).build();

    static Expression compile(String text, List<Vocabulary.Word> words) throws ConditionException {
        CelValidationResult result = compiler(words).compile(text);
        if (result.hasError()) {
            CelIssue first = result.getErrors().getFirst();
            throw new ConditionException(
                    Math.max(1, first.getSourceLocation().getLine()),
                    Math.max(0, first.getSourceLocation().getColumn()) + 1,
                    "is no condition: "
                            + unknown(text)
                                    .orElseGet(() ->
                                            first.getMessage().replaceAll("\\s+", " ").strip()),
                    cure(text, words));
        }
        try {
            CelAbstractSyntaxTree tree = result.getAst();
            return new Expression(text, reads(tree, words), RUNTIME.createProgram(tree));
        } catch (CelValidationException | CelEvaluationException e) {
            throw new ConditionException(
                    1, 1, "is no condition: " + e.getMessage(), "see docs/policy.md");
        }
    }

    boolean holds(Map<String, Object> facts) throws UndecidedException {
        try {
            return (Boolean) program.eval(facts);
        } catch (CelEvaluationException e) {
            throw new UndecidedException(reason(e), e);
        }
    }

    /** Most often a key is asked for that not every job has. */
    private static String reason(CelEvaluationException e) {
        String reason = String.valueOf(e.getMessage()).replaceAll("\\s+", " ").strip();
        return e.getErrorCode() == CelErrorCode.ATTRIBUTE_NOT_FOUND
                ? reason + " Let the rule ask first, with has(...)"
                : reason;
    }

    private static CelCompiler compiler(List<Vocabulary.Word> words) {
        return CelCompilerFactory.standardCelCompilerBuilder()
                .setOptions(LIMITS)
                .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
                .addVarDeclarations(
                        words.stream()
                                .map(word ->
                                        CelVarDecl.newVarDeclaration(
                                                word.name(), type(word.kind())))
                                .toList())
                .setResultType(SimpleType.BOOL)
                .build();
    }

    private static CelType type(Vocabulary.Kind kind) {
        return switch (kind) {
            case TEXT -> SimpleType.STRING;
            case TRUTH -> SimpleType.BOOL;
            case TEXTS -> ListType.create(SimpleType.STRING);
            case TEXTS_BY_NAME -> MapType.create(SimpleType.STRING, SimpleType.STRING);
            case ANYTHING_BY_NAME -> MapType.create(SimpleType.STRING, SimpleType.DYN);
        };
    }

    private static List<String> reads(CelAbstractSyntaxTree tree, List<Vocabulary.Word> words) {
        List<String> known = words.stream().map(Vocabulary.Word::name).toList();
        return tree.getReferenceMap().values().stream()
                .map(CelReference::name)
                .filter(known::contains)
                .distinct()
                .sorted()
                .toList();
    }

    /** The compiler would name the part before the dot, which is not what is wrong. */
    private static Optional<String> unknown(String text) {
        Matcher named = FACT.matcher(text);
        while (named.find()) {
            String name = named.group();
            if (Vocabulary.ALL.stream().noneMatch(word -> word.name().equals(name))) {
                return Optional.of("there is no fact " + name);
            }
        }
        return Optional.empty();
    }

    /** The mistake that matters most is to trust a job's own word. */
    private static String cure(String text, List<Vocabulary.Word> words) {
        boolean fullyKnown = words.equals(Vocabulary.ALL);
        if (!fullyKnown && !compiler(Vocabulary.ALL).compile(text).hasError()) {
            return "job.* is what the job's author sets: it can take from a job and give it"
                    + " nothing; ask for registration.*, server.* or claims here";
        }
        return "facts are " + String.join(", ", words.stream().map(Vocabulary.Word::name).toList());
    }
}
