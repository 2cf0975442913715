package dev.mayfly.sandbox.docker;

import dev.mayfly.job.ImageReference;
import dev.mayfly.job.ImageRules;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.sandbox.ImageRecords.Holder;
import dev.mayfly.sandbox.ImageTerms;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * For whom an image is wanted, and by what right.
 *
 * @param pool whose job
 * @param logins to registries; the most specific that covers the image is used
 * @param terms of the job
 * @param own whether it is the operator's choice, and none of the job's
 */
record ImageRequest(PoolName pool, List<RegistryLogin> logins, ImageTerms terms, boolean own) {

    ImageRequest {
        logins = List.copyOf(logins);
    }

    @Nullable RegistryLogin login(ImageReference image) {
        return RegistryLogin.of(image, logins).orElse(null);
    }

    ImageRules rules() {
        return terms.rules();
    }

    /** Who may use what the daemon has on its engine. */
    Holder asking() {
        return new Holder(pool, terms.project());
    }

    /** Who may use what was fetched with this login. */
    Holder holder(@Nullable RegistryLogin login) {
        boolean byJob = login != null && login.origin() != RegistryLogin.Origin.HOST;
        return new Holder(pool, byJob ? terms.project() : "");
    }

    /** Whether the tag stands for the same in all runs of the job's commit. */
    boolean pins(ImageReference image) {
        return rules().pin() && !own && image.digest() == null && !terms.run().isEmpty();
    }
}
