package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.SecretValue;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Masks short texts that are about a job and are said before there is a log that masks: in any of
 * the forms in which a log would. A value that is too short for a log, or too common, is hidden as
 * it stands: nobody has to read these by the megabyte. For one thread.
 */
public final class MaskedText implements UnaryOperator<String> {

    private final List<SecretValue> secrets;
    private final Masking masking;
    private final List<String> hiddenAsTheyStand = new ArrayList<>();

    /** Prepared for the first text: most jobs have none. */
    private @Nullable SecretPatterns patterns;

    /**
     * Prepares nothing yet.
     *
     * @param masking which forms are looked for
     */
    public MaskedText(Collection<SecretValue> secrets, Masking masking) {
        this.secrets = List.copyOf(secrets);
        this.masking = masking;
    }

    @Override
    public String apply(String text) {
        if (text.isEmpty()) {
            return text;
        }
        SecretPatterns known = patterns == null ? prepared() : patterns;
        patterns = known;
        String masked = text;
        for (String value : hiddenAsTheyStand) {
            masked = masked.replace(value, LogMasker.MARK);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        LogMasker masker = new LogMasker(known, out::write);
        byte[] bytes = masked.getBytes(UTF_8);
        masker.write(bytes, 0, bytes.length);
        masker.finish();
        return out.toString(UTF_8);
    }

    private SecretPatterns prepared() {
        List<SecretPattern> forms = new ArrayList<>();
        for (SecretValue secret : secrets) {
            if (Maskability.of("", secret, masking) instanceof Maskability.Maskable) {
                forms.addAll(SecretVariants.of("", secret, masking));
            } else {
                String value = new String(secret.reveal(), UTF_8).strip();
                if (!value.isEmpty()) {
                    hiddenAsTheyStand.add(value);
                }
            }
        }
        return SecretPatterns.none().with(forms);
    }
}
