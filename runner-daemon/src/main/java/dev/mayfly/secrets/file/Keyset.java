package dev.mayfly.secrets.file;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.Configuration;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.aead.AeadConfig2026;
import com.google.crypto.tink.aead.PredefinedAeadParameters;
import java.security.GeneralSecurityException;

/**
 * The keys of the secrets file: one to encrypt with, and while a rotation is under way the earlier
 * ones to decrypt with. Prints without the keys.
 */
final class Keyset {

    private static final Configuration AEAD_ONLY = AeadConfig2026.get();

    private final KeysetHandle handle;
    private final Aead aead;

    private Keyset(KeysetHandle handle) throws GeneralSecurityException {
        this.handle = handle;
        this.aead = handle.getPrimitive(AEAD_ONLY, Aead.class);
    }

    static Keyset generate() throws GeneralSecurityException {
        return new Keyset(KeysetHandle.generateNew(PredefinedAeadParameters.AES256_GCM, AEAD_ONLY));
    }

    /**
     * Reads what {@link #toJson()} wrote.
     *
     * @throws GeneralSecurityException when it is anything but a keyset for authenticated
     *     encryption
     */
    static Keyset parse(String json) throws GeneralSecurityException {
        return new Keyset(
                TinkJsonProtoKeysetFormat.parseKeyset(
                        json, AEAD_ONLY, InsecureSecretKeyAccess.get()));
    }

    /** The keys in clear. */
    String toJson() throws GeneralSecurityException {
        return TinkJsonProtoKeysetFormat.serializeKeyset(
                handle, AEAD_ONLY, InsecureSecretKeyAccess.get());
    }

    /** The same keys and a new one, which encrypts from now on. */
    Keyset withNewPrimary() throws GeneralSecurityException {
        return new Keyset(
                KeysetHandle.newBuilder(handle)
                        .setConfiguration(AEAD_ONLY)
                        .addEntry(
                                KeysetHandle.generateEntryFromParameters(
                                                PredefinedAeadParameters.AES256_GCM)
                                        .withRandomId()
                                        .makePrimary())
                        .build());
    }

    /** Only the key that encrypts. */
    Keyset withPrimaryOnly() throws GeneralSecurityException {
        KeysetHandle.Builder builder = KeysetHandle.newBuilder(handle).setConfiguration(AEAD_ONLY);
        for (int i = builder.size() - 1; i >= 0; i--) {
            if (!builder.getAt(i).isPrimary()) {
                builder.deleteAt(i);
            }
        }
        return new Keyset(builder.build());
    }

    byte[] encrypt(byte[] plaintext, byte[] associatedData) throws GeneralSecurityException {
        return aead.encrypt(plaintext, associatedData);
    }

    byte[] decrypt(byte[] ciphertext, byte[] associatedData) throws GeneralSecurityException {
        return aead.decrypt(ciphertext, associatedData);
    }

    /** How many keys there are. */
    int size() {
        return handle.size();
    }

    boolean holdsTheSameKeysAs(Keyset other) {
        return handle.equalsKeyset(other.handle);
    }

    @Override
    public String toString() {
        return "Keyset[size=" + size() + "]";
    }
}
