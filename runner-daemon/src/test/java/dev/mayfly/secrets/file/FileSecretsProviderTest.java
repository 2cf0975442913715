package dev.mayfly.secrets.file;

import static dev.mayfly.secrets.file.StoreOnDisk.TRUSTED;
import static dev.mayfly.secrets.file.StoreOnDisk.UNTRUSTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.secrets.SecretLease;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSecretsProviderTest {

    @TempDir Path directory;
    StoreOnDisk onDisk;

    @BeforeEach
    void makeStore() throws InterruptedException {
        onDisk = StoreOnDisk.withKey(directory);
        onDisk.set("deploy-token", "trusted value", TRUSTED);
        onDisk.set("lint-token", "shared value", TRUSTED, UNTRUSTED);
    }

    @Test
    void secretsComeInTheOrderInWhichTheyWereWanted() {
        SecretLease lease = onDisk.fetch(TRUSTED, "lint-token", "deploy-token", "lint-token");

        assertThat(lease.secrets())
                .extracting(secret -> secret.request().reference())
                .containsExactly("lint-token", "deploy-token", "lint-token");
        assertThat(lease.secrets())
                .extracting(secret -> new String(secret.value().reveal(), StandardCharsets.UTF_8))
                .containsExactly("shared value", "trusted value", "shared value");
        assertThat(onDisk.audited)
                .extracting(one -> one.word() + " " + one.subject() + " " + one.outcome())
                .containsExactly(
                        "read lint-token ok", "read deploy-token ok", "read lint-token ok");
    }

    @Test
    void secretOfAnotherPoolIsRefusedWithThePoolsThatMayAndTheCure() {
        fails(() -> onDisk.fetch(UNTRUSTED, "lint-token", "deploy-token"))
                .hasMessage(
                        "the secret \"deploy-token\" is for jobs of [trusted] and this job is in"
                                + " pool untrusted: run the job there, or on the runner's host, if"
                                + " this pool is to be trusted with it, set it again with \"mayfly"
                                + " secret set deploy-token\" and one --pool for each pool that may"
                                + " read it");
    }

    @Test
    void missingSecretIsNamedWithTheCure() {
        fails(() -> onDisk.fetch(TRUSTED, "database-password"))
                .hasMessage(
                        "the secret \"database-password\" is not stored here: on the runner's host,"
                                + " set it with \"mayfly secret set database-password --pool"
                                + " trusted\"");
    }

    @Test
    void allThatIsMissingIsNamedAtOnce() {
        fails(() -> onDisk.fetch(TRUSTED, "first", "deploy-token", "second"))
                .hasMessageContaining("\"first\"")
                .hasMessageContaining("\"second\"");
    }

    @Test
    void nearestNameIsSuggested() {
        fails(() -> onDisk.fetch(TRUSTED, "depoly-token"))
                .hasMessageContaining("(did you mean \"deploy-token\"?)");
    }

    @Test
    void nameThatThisPoolMayNotReadIsNeverSuggested() {
        fails(() -> onDisk.fetch(UNTRUSTED, "depoly-token"))
                .hasMessageNotContaining("deploy-token");
    }

    @Test
    void readableNameIsSuggestedAlthoughAnUnreadableOneIsNearer() throws InterruptedException {
        onDisk.set("lint-tokes", "trusted value", TRUSTED);

        fails(() -> onDisk.fetch(UNTRUSTED, "lint-tokez"))
                .hasMessageContaining("(did you mean \"lint-token\"?)");
    }

    @Test
    void referenceThatCannotBeANameIsNotRepeated() {
        fails(() -> onDisk.fetch(TRUSTED, "hunter2 \u001b[31m\n"))
                .hasMessageContaining(
                        "the job's secret \"VARIABLE\" has a reference that cannot be")
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void runningProviderSeesEachChange() throws InterruptedException {
        assertThat(onDisk.value(TRUSTED, "deploy-token")).isEqualTo("trusted value");

        onDisk.set("deploy-token", "changed value", TRUSTED);
        assertThat(onDisk.value(TRUSTED, "deploy-token")).isEqualTo("changed value");

        onDisk.store.remove("deploy-token");
        fails(() -> onDisk.fetch(TRUSTED, "deploy-token"));
    }

    @Test
    void leaseOwnsNothingOutsideAndForgetsItsValues() throws InterruptedException {
        SecretLease lease = onDisk.fetch(TRUSTED, "deploy-token");

        assertThat(lease.owned()).isEmpty();
        assertThat(lease.revoke()).isEmpty();
        assertThat(lease.revoke()).isEmpty();

        assertThat(lease.secrets().getFirst().value().reveal()).containsOnly(0);
    }

    @Test
    void leasesOfTwoJobsDoNotShareTheirValues() throws InterruptedException {
        SecretLease one = onDisk.fetch(TRUSTED, "deploy-token");
        SecretLease other = onDisk.fetch(TRUSTED, "deploy-token");

        one.revoke();

        assertThat(StoreOnDisk.text(other)).isEqualTo("trusted value");
    }

    @Test
    void withoutAFileEverySecretIsMissingAndNothingIsWrong() {
        var empty = new StoreOnDisk(directory.resolve("elsewhere"));

        assertThat(empty.provider.unhealthyBecause(TRUSTED)).isEmpty();
        fails(() -> empty.fetch(TRUSTED, "deploy-token"))
                .hasMessageContaining("\"deploy-token\" is not stored here");
    }

    @Test
    void healthTellsWhyNothingCanBeRead() throws Exception {
        assertThat(onDisk.provider.unhealthyBecause(TRUSTED)).isEmpty();

        Files.delete(onDisk.keyPath);

        assertThat(onDisk.provider.unhealthyBecause(TRUSTED)).contains(onDisk.keyPath.toString());
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> fails(FetchCall call) {
        return assertThatThrownBy(call::fetch)
                .isInstanceOfSatisfying(
                        FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.SECRET));
    }

    private interface FetchCall {
        SecretLease fetch();
    }
}
