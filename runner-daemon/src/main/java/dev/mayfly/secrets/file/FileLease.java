package dev.mayfly.secrets.file;

import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.secrets.Secret;
import dev.mayfly.secrets.SecretLease;
import java.util.List;

/** Copies of stored values. Nothing outside this process knows of them. */
record FileLease(List<Secret> secrets) implements SecretLease {

    FileLease {
        secrets = List.copyOf(secrets);
    }

    @Override
    public List<OwnedResource> owned() {
        return List.of();
    }

    @Override
    public List<Receipt.Disposal> revoke() {
        secrets.forEach(secret -> secret.value().forget());
        return List.of();
    }
}
