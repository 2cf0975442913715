package dev.mayfly.logs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A text that some masker gets wrong, from {@code adversarial-cases.yaml} or {@code
 * peers-cases.yaml}. Strings hold one byte in each character.
 *
 * @param exact whether to look for the values only, not for all their forms
 * @param needs what it takes for granted; empty for nothing
 */
record MaskingCase(
        String name,
        boolean exact,
        String needs,
        List<String> secrets,
        List<MaskerCheck.Addition> additions,
        String text,
        BitSet cuts,
        String shown) {

    static final String SEES_THROUGH = "sees-through";

    /** Longer texts are cut in two at some fifty places only, not at all: else it takes minutes. */
    private static final int CUT_EVERYWHERE_UP_TO = 2000;

    static Stream<MaskingCase> all(String file) throws IOException {
        try (InputStream yaml =
                Objects.requireNonNull(
                        MaskingCase.class.getResourceAsStream("/masking/" + file), file)) {
            List<MaskingCase> cases = new ArrayList<>();
            JsonNode root = new YAMLMapper().readTree(yaml);
            root.required("cases").forEach(c -> cases.add(new Reader(root.path("texts")).read(c)));
            return cases.stream();
        }
    }

    /** Reads one entry of a file. */
    private record Reader(JsonNode texts) {

        MaskingCase read(JsonNode node) {
            StringBuilder text = new StringBuilder();
            BitSet cuts = new BitSet();
            List<MaskerCheck.Addition> additions = new ArrayList<>();
            for (JsonNode write : node.required("writes")) {
                if (write.has("add")) {
                    String value = write.required("add").asText();
                    additions.add(new MaskerCheck.Addition(text.length(), List.of(value)));
                } else {
                    text.append(text(write));
                    cuts.set(text.length());
                }
            }
            List<String> secrets = new ArrayList<>();
            node.required("secrets").forEach(secret -> secrets.add(text(secret)));
            return new MaskingCase(
                    node.required("id").asInt() + " " + node.required("name").asText(),
                    node.path("exact").asBoolean(),
                    node.path("needs").asText(""),
                    secrets,
                    additions,
                    text.toString(),
                    cuts,
                    text(node.required("shown")));
        }

        private String text(JsonNode node) {
            if (node.isArray()) {
                StringBuilder joined = new StringBuilder();
                node.forEach(piece -> joined.append(text(piece)));
                return joined.toString();
            }
            if (node.has("text")) {
                return texts.required(node.required("text").asText()).asText();
            }
            if (node.has("repeat")) {
                return node.required("repeat").asText().repeat(node.required("times").asInt());
            }
            if (node.has("letters")) {
                int length = node.required("letters").asInt();
                return LogMaskerTest.letters(length, node.required("seed").asInt())
                        .substring(node.path("from").asInt(), node.path("to").asInt(length));
            }
            if (node.has("base64")) {
                byte[] end = node.required("end").asText().getBytes(StandardCharsets.ISO_8859_1);
                return Base64.getMimeEncoder(node.required("width").asInt(), end)
                        .encodeToString(
                                text(node.required("base64"))
                                        .getBytes(StandardCharsets.ISO_8859_1));
            }
            return node.asText();
        }
    }

    /** As written, byte by byte, and cut in two everywhere; and what the reference says. */
    void check() {
        List<SecretPattern> forms = exact ? MaskedStream.exact(secrets) : WholeChain.forms(secrets);
        SecretPatterns patterns = SecretPatterns.none().with(forms);
        assertThat(masked(patterns, cuts)).as("in the writes of the case").isEqualTo(shown);
        BitSet everywhere = new BitSet();
        everywhere.set(1, text.length() + 1);
        assertThat(masked(patterns, everywhere)).as("byte by byte").isEqualTo(shown);
        int step = text.length() <= CUT_EVERYWHERE_UP_TO ? 1 : text.length() / 25;
        for (int at = 0; at <= text.length(); at += step) {
            assertThat(masked(patterns, cutAt(at))).as("cut at %s", at).isEqualTo(shown);
            int fromEnd = text.length() - at / step;
            assertThat(masked(patterns, cutAt(fromEnd))).as("cut at %s", fromEnd).isEqualTo(shown);
        }
        if (additions.isEmpty() && text.length() < 10_000) {
            assertThat(Reference.NAIVE.mask(text, known(forms)))
                    .as("the naive reference")
                    .isEqualTo(shown);
        }
    }

    private static BitSet cutAt(int position) {
        BitSet cut = new BitSet();
        cut.set(position);
        return cut;
    }

    private static List<Reference.Known> known(List<SecretPattern> forms) {
        return forms.stream()
                .map(form -> new String(form.bytes(), StandardCharsets.ISO_8859_1))
                .map(form -> new Reference.Known(form, 0, 0))
                .toList();
    }

    private String masked(SecretPatterns patterns, BitSet ends) {
        MaskedStream stream = new MaskedStream(patterns);
        int from = 0;
        for (MaskerCheck.Addition addition : additions) {
            write(stream, ends, from, addition.at());
            from = addition.at();
            stream.masker()
                    .extend(stream.masker().patterns().with(WholeChain.forms(addition.secrets())));
        }
        write(stream, ends, from, text.length());
        return stream.finish();
    }

    /** Also empty writes. */
    private void write(MaskedStream stream, BitSet ends, int start, int end) {
        int from = start;
        for (int cut = ends.nextSetBit(start);
                cut >= 0 && cut < end;
                cut = ends.nextSetBit(cut + 1)) {
            stream.write(text.substring(from, cut));
            from = cut;
        }
        stream.write(text.substring(from, end));
    }

    @Override
    public String toString() {
        return name;
    }
}
