package dev.mayfly.secrets.vault;

import java.time.Duration;

/** The way to a server and back: one request, one answer, no opinion about either. */
interface VaultApi extends AutoCloseable {

    /**
     * Asks once.
     *
     * @param limit from the first byte of the way there to the last byte of the way back
     * @return whatever the server answered, success or not
     * @throws VaultFailure when there was no answer, or none that Vault would give
     */
    VaultAnswer ask(VaultRequest request, Duration limit) throws InterruptedException;

    @Override
    void close();
}
