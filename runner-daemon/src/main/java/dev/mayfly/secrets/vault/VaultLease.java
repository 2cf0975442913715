package dev.mayfly.secrets.vault;

import dev.mayfly.job.HandedValue;
import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.secrets.Secret;
import dev.mayfly.secrets.SecretLease;
import java.util.List;
import java.util.function.Consumer;

/** What one job was given, and the way to take it back. */
final class VaultLease implements SecretLease {

    private final JobId job;
    private final Grant grant;
    private final List<Handle> handles;
    private final Hidden masked;
    private final Renewal renewal;
    private final VaultConnection server;
    private final Retirement retirement;

    /**
     * What the job gets.
     *
     * @param secrets in the order wanted
     * @param parts what stands in secrets, by the names of secret and field
     * @param hidden what only the masker gets
     * @param notices what the job's log says
     */
    record Grant(
            List<Secret> secrets,
            List<HandedValue> parts,
            List<HandedValue> hidden,
            List<String> notices) {
        Grant {
            secrets = List.copyOf(secrets);
            parts = List.copyOf(parts);
            hidden = List.copyOf(hidden);
            notices = List.copyOf(notices);
        }
    }

    VaultLease(
            JobId job,
            Grant grant,
            List<Handle> handles,
            Hidden masked,
            Renewal renewal,
            VaultConnection server,
            Retirement retirement) {
        this.job = job;
        this.grant = grant;
        this.handles = List.copyOf(handles);
        this.masked = masked;
        this.renewal = renewal;
        this.server = server;
        this.retirement = retirement;
    }

    @Override
    public List<Secret> secrets() {
        return grant.secrets();
    }

    @Override
    public List<HandedValue> parts() {
        return grant.parts();
    }

    @Override
    public List<HandedValue> hidden() {
        return grant.hidden();
    }

    @Override
    public List<String> notices() {
        return grant.notices();
    }

    @Override
    public void tell(Consumer<String> news) {
        renewal.tell(news);
    }

    @Override
    public List<OwnedResource> owned() {
        return handles.stream().map(handle -> handle.at(server)).toList();
    }

    @Override
    public List<Receipt.Disposal> revoke() throws InterruptedException {
        renewal.close();
        List<Receipt.Disposal> disposals = retirement.retire(job, handles, masked);
        grant.secrets().forEach(secret -> secret.value().forget());
        grant.parts().forEach(value -> value.value().forget());
        grant.hidden().forEach(value -> value.value().forget());
        return disposals;
    }
}
