package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.SecretValue;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Masks short texts that are about a job and are said before there is a log that masks. */
public final class MaskedText {

    private MaskedText() {}

    /**
     * A text without secrets in any of the forms in which a log would mask them. A value that is
     * too short for a log, or too common, is hidden as it stands: nobody has to read this by the
     * megabyte.
     *
     * @param masking which forms are looked for
     */
    public static String of(String text, Collection<SecretValue> secrets, Masking masking) {
        List<SecretPattern> forms = new ArrayList<>();
        String masked = text;
        for (SecretValue secret : secrets) {
            if (Maskability.of("", secret, masking) instanceof Maskability.Maskable) {
                forms.addAll(SecretVariants.of("", secret, masking));
            } else {
                String value = new String(secret.reveal(), UTF_8).strip();
                masked = value.isEmpty() ? masked : masked.replace(value, LogMasker.MARK);
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        LogMasker masker = new LogMasker(SecretPatterns.none().with(forms), out::write);
        byte[] bytes = masked.getBytes(UTF_8);
        masker.write(bytes, 0, bytes.length);
        masker.finish();
        return out.toString(UTF_8);
    }
}
