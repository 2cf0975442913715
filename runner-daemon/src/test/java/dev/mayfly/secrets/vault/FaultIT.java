package dev.mayfly.secrets.vault;

import static dev.mayfly.secrets.vault.VaultFixture.POOL;
import static dev.mayfly.secrets.vault.VaultFixture.privateFile;
import static dev.mayfly.secrets.vault.VaultFixture.valuesOf;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.SecretAudit.Action;
import dev.mayfly.secrets.SecretLease;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that is slow, silent, elsewhere or not one, and a network that loses things. */
class FaultIT {

    private static final VaultServer SERVER = VaultServer.shared();
    private static final PostgresCluster CLUSTER = PostgresCluster.shared();
    private static final String VALUE = "value-behind-the-faults";
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private record World(String kv, String database, String role, String token) {

        static World create() {
            VaultSpace space = SERVER.space("fault");
            String kv = space.keyValue(1);
            String database = space.database(CLUSTER, "fault");
            SERVER.write(kv + "/x", "{\"v\":\"" + VALUE + "\"}");
            String role =
                    space.tokenRole("role", space.jobPolicy("job", kv + "/*", database + "/*"));
            return new World(kv, database, role, space.daemonToken(role));
        }
    }

    private static final World WORLD = World.create();

    @TempDir private Path directory;
    private FaultProxy proxy;
    private VaultFixture vault;

    @BeforeEach
    void start() throws IOException {
        proxy = new FaultProxy(SERVER.address());
        vault = through(proxy.address());
    }

    private VaultFixture through(URI address, URI... others) {
        return through(PATIENCE, address, others);
    }

    private VaultFixture through(Duration patience, URI address, URI... others) {
        return new VaultFixture(
                new VaultSettings(
                        new VaultConnection(
                                address,
                                List.of(others),
                                "",
                                VaultConnection.Tls.USUAL,
                                Duration.ofSeconds(1)),
                        new DaemonCredentials.AgentToken(
                                privateFile(directory.resolve("token"), WORLD.token())),
                        List.of(VaultFixture.minted(WORLD.role()))),
                patience);
    }

    @AfterEach
    void stop() {
        vault.close();
        proxy.close();
    }

    private String path() {
        return WORLD.kv() + "/x";
    }

    private void assertServed() throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + path() + "#v");
        assertThat(valuesOf(lease)).containsExactly(VALUE);
        assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
    }

    /**
     * That the job's author, or whoever runs the server, is told.
     *
     * @param fault whose it is
     */
    private void assertFails(Fault fault, String... words) {
        long before = System.nanoTime();
        assertThatThrownBy(() -> vault.fetch("vault:" + path() + "#v"))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault()).isEqualTo(fault);
                            assertThat(e.getMessage()).contains(words).doesNotContain(VALUE);
                        });
        assertThat(Duration.ofNanos(System.nanoTime() - before))
                .isLessThan(PATIENCE.plusSeconds(2));
    }

    private static FaultProxy.Fault.Answer json(int status, String body) {
        return new FaultProxy.Fault.Answer(status, Map.of(), body);
    }

    @ParameterizedTest
    @ValueSource(ints = {412, 500, 502, 503, 504})
    void passingFailureIsOutlived(int status) throws InterruptedException {
        proxy.once(path(), json(status, "{\"errors\":[\"not now\"]}"));

        assertServed();
        assertThat(proxy.seen(path())).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 403, 404, 405})
    void lastingFailureIsNotAskedAgain(int status) {
        proxy.always(path(), json(status, "{\"errors\":[\"never\"]}"));

        assertFails(Fault.SECRET, path(), "status " + status);
        assertThat(proxy.seen(path())).hasSize(1);
    }

    @Test
    void failureThatDoesNotPassIsNotAskedAboutInABusyLoop() {
        proxy.always(path(), json(503, "{\"errors\":[\"Vault is sealed\"]}"));

        assertFails(Fault.SECRETS_PROVIDER, path(), "Vault is sealed or has no active server");
        assertThat(proxy.seen(path())).hasSizeBetween(2, 12);
    }

    @Test
    void wishToBeAskedLaterIsHonoured() throws InterruptedException {
        proxy.once(
                path(),
                new FaultProxy.Fault.Answer(
                        429, Map.of("Retry-After", "1"), "{\"errors\":[\"slower\"]}"));
        long before = System.nanoTime();

        assertServed();

        assertThat(Duration.ofNanos(System.nanoTime() - before))
                .isGreaterThan(Duration.ofSeconds(1));
        assertThat(proxy.seen(path())).hasSize(2);
    }

    @Test
    void wishToBeAskedMuchLaterIsAFailureNow() {
        proxy.always(
                path(),
                new FaultProxy.Fault.Answer(
                        429, Map.of("Retry-After", "600"), "{\"errors\":[\"slower\"]}"));

        assertFails(Fault.SECRETS_PROVIDER, "Vault wants to be asked less often");
        assertThat(proxy.seen(path())).hasSize(1);
    }

    @Test
    void bodyThatNeverEndsIsCutOff() throws InterruptedException {
        proxy.once(path(), new FaultProxy.Fault.Drip());
        assertServed();

        proxy.always(path(), new FaultProxy.Fault.Drip());
        assertFails(Fault.SECRETS_PROVIDER, "did not answer within");
    }

    @Test
    void connectionThatSaysNothingIsGivenUp() throws InterruptedException {
        proxy.once(path(), new FaultProxy.Fault.Silence());
        assertServed();
    }

    @Test
    void connectionWhoseOtherEndIsGoneIsGivenUpForAnother()
            throws InterruptedException, IOException {
        try (Relay relay = new Relay(SERVER.address());
                VaultFixture halfOpen = through(PATIENCE.multipliedBy(3), relay.address())) {
            halfOpen.fetch("vault:" + path() + "#v").revoke();
            int before = relay.connections();
            relay.letThemGoDead();

            SecretLease lease = halfOpen.fetch("vault:" + path() + "#v");

            assertThat(valuesOf(lease)).containsExactly(VALUE);
            assertThat(relay.connections()).isGreaterThan(before);
            assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "<html>welcome</html>  | SECRETS_PROVIDER",
                "\"" + VALUE + "\"      | SECRETS_PROVIDER",
                "{\"data\":null}        | SECRET",
                "{}                    | SECRET",
                "~~                    | SECRET"
            })
    void answerThatIsNoSecretIsNoEmptySecret(String body, Fault fault) {
        proxy.always(path(), json(200, body));

        assertFails(fault, path());
    }

    @Test
    void answerThatIsTooLargeIsNotRead() {
        proxy.always(path(), json(200, "{\"data\":{\"v\":\"" + "x".repeat(2 << 20) + "\"}}"));

        assertFails(Fault.SECRETS_PROVIDER, "answered with more than 1048576 bytes");
    }

    @Test
    void standbysWordIsFollowedToAKnownServerOnly() throws InterruptedException, IOException {
        try (FaultProxy elsewhere = new FaultProxy(SERVER.address());
                VaultFixture knowing = through(proxy.address(), SERVER.address())) {
            proxy.once(path(), moved(SERVER.address()));
            SecretLease lease = knowing.fetch("vault:" + path() + "#v");
            assertThat(valuesOf(lease)).containsExactly(VALUE);
            lease.revoke();

            proxy.once(path(), moved(elsewhere.address()));
            assertThatThrownBy(() -> knowing.fetch("vault:" + path() + "#v"))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("an address that the configuration does not name");
            assertThat(elsewhere.seen("")).isEmpty();
        }
    }

    private FaultProxy.Fault.Answer moved(URI where) {
        return new FaultProxy.Fault.Answer(307, Map.of("Location", where + "/v1/" + path()), "");
    }

    @Test
    void loginWhoseAnswerWasLostIsTriedAgain() throws InterruptedException {
        proxy.once("auth/token/create/", new FaultProxy.Fault.LostAnswer());

        assertServed();
        assertThat(proxy.seen("auth/token/create/")).hasSize(2);
    }

    @Test
    void loginToTheDatabaseWhoseAnswerWasLostDiesWithTheToken() throws InterruptedException {
        String creds = WORLD.database() + "/creds/fault";
        proxy.once(creds, new FaultProxy.Fault.LostAnswer());

        SecretLease lease = vault.fetch("vault:" + creds + "#username");
        assertThat(CLUSTER.logins("fault")).hasSize(2);
        assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);

        Eventually.holds(
                "the server has cleaned up after the token",
                Duration.ofSeconds(10),
                () -> CLUSTER.logins("fault").isEmpty());
    }

    @Test
    void revocationWhoseAnswerWasLostIsAskedForAgain() throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + path() + "#v");
        proxy.once("auth/token/revoke-accessor", new FaultProxy.Fault.LostAnswer());

        assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
        assertThat(proxy.seen("auth/token/revoke-accessor")).hasSize(2);
    }

    @Test
    void revocationThatDoesNotComeThroughIsNotCalledDoneUntilItIs() throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + path() + "#v");
        proxy.always("auth/token/revoke-accessor", json(503, "{\"errors\":[\"sealed\"]}"));

        assertThat(lease.revoke()).noneMatch(Receipt.Disposal::verified);
        assertThat(SERVER.tokens()).contains(vault.accessor());
        proxy.heal();

        assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
        assertThat(SERVER.tokens()).doesNotContain(vault.accessor());
    }

    @Test
    void leaseAtItsGreatestAgeIsNotAskedAboutForEver() throws InterruptedException {
        SERVER.write(
                WORLD.database() + "/roles/oldest",
                """
                {"db_name": "cluster", "default_ttl": "3s", "max_ttl": "6s", "creation_statements":
                 "CREATE ROLE \\"{{name}}\\" WITH LOGIN PASSWORD '{{password}}';"}
                """);
        SecretLease lease = vault.fetch("vault:" + WORLD.database() + "/creds/oldest#username");

        Eventually.holds(
                "renewal is refused",
                Duration.ofSeconds(30),
                () -> vault.audited(Action.RENEW).stream().anyMatch(e -> !e.endsWith(": ok")));
        int refused = vault.audited(Action.RENEW).size();
        Eventually.standsStill(
                "renewals", Duration.ofSeconds(30), () -> vault.audited(Action.RENEW).size());

        assertThat(vault.audited(Action.RENEW)).hasSize(refused);
        assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
        assertThat(CLUSTER.logins("oldest")).isEmpty();
    }

    @Test
    void whatCannotBeRenewedIsToldAndWhenItCanBeAgain() throws InterruptedException {
        briefRole("brief");
        List<String> news = new CopyOnWriteArrayList<>();
        SecretLease lease = vault.fetch("vault:" + WORLD.database() + "/creds/brief#username");
        lease.tell(news::add);
        proxy.always("sys/leases/renew", json(500, "{\"errors\":[\"the database is away\"]}"));

        Eventually.holds("told", Duration.ofSeconds(30), () -> news.size() == 1);
        assertThat(news.getFirst())
                .startsWith(
                        "secrets from Vault: the lease of "
                                + WORLD.database()
                                + "/creds/brief could not be renewed and ends at 20")
                .contains("unless a later attempt succeeds", "the database is away");
        proxy.heal();

        Eventually.holds("told again", Duration.ofSeconds(30), () -> news.size() == 2);
        assertThat(news.getLast()).endsWith("/creds/brief is renewed again");
        assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
    }

    @Test
    void tokenThatCannotBeRenewedIsTold() throws InterruptedException {
        List<String> news = new CopyOnWriteArrayList<>();
        proxy.always("auth/token/renew-self", new FaultProxy.Fault.Echo(403));
        JobToken token =
                new JobToken(
                        new SecretValue("token-of-a-job".getBytes(US_ASCII)),
                        "accessor",
                        Duration.ofSeconds(3),
                        "");
        try (VaultApi api = new DriverApi(VaultFixture.plain(proxy.address()));
                Renewal renewal =
                        Renewal.start(
                                vault.job,
                                new PatientApi(api, VaultFixture.LIMIT),
                                List.of(new Renewal.Item(token, null, Duration.ofSeconds(3))),
                                Hidden.SHAPED,
                                vault.audit::add)) {
            renewal.tell(news::add);
            Eventually.holds("told", Duration.ofSeconds(30), () -> !news.isEmpty());
        }

        assertThat(news.getFirst())
                .contains("the job's token could not be renewed", "[MASKED]")
                .doesNotContain("token-of-a-job");
    }

    @Test
    void leaseAtItsGreatestAgeIsToldBeforeItEnds() throws InterruptedException {
        SERVER.write(
                WORLD.database() + "/roles/aged",
                """
                {"db_name": "cluster", "default_ttl": "4s", "max_ttl": "7s", "creation_statements":
                 "CREATE ROLE \\"{{name}}\\" WITH LOGIN PASSWORD '{{password}}';"}
                """);
        List<String> news = new CopyOnWriteArrayList<>();
        SecretLease lease = vault.fetch("vault:" + WORLD.database() + "/creds/aged#username");
        lease.tell(news::add);

        Eventually.holds("told", Duration.ofSeconds(30), () -> !news.isEmpty());

        assertThat(news.getFirst())
                .contains("/creds/aged has reached its greatest age and ends at 20");
        assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
    }

    private static void briefRole(String name) {
        SERVER.write(
                WORLD.database() + "/roles/" + name,
                """
                {"db_name": "cluster", "default_ttl": "15s", "max_ttl": "1h", "creation_statements":
                 "CREATE ROLE \\"{{name}}\\" WITH LOGIN PASSWORD '{{password}}';"}
                """);
    }

    @Test
    void leasesAreEndedTogetherAndNotAllAtOnce() throws InterruptedException {
        List<String> references = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            briefRole("many" + i);
            references.add("vault:" + WORLD.database() + "/creds/many" + i + "#username");
        }
        SecretLease lease = vault.fetch(references.toArray(String[]::new));
        proxy.always("sys/leases/revoke", new FaultProxy.Fault.Late(Duration.ofMillis(300)));

        List<Receipt.Disposal> disposals = lease.revoke();

        assertThat(disposals).hasSize(21).allMatch(Receipt.Disposal::verified);
        assertThat(disposals.getLast().resource().name()).contains(" token ");
        assertThat(proxy.mostLateAtOnce()).isBetween(4, 8);
        assertThat(CLUSTER.logins("many")).isEmpty();
    }

    @Test
    void whatIsNotRevokedIsCounted() throws InterruptedException {
        SecretLease lease = vault.fetch("vault:" + WORLD.database() + "/creds/fault#username");
        assertThat(vault.provider.unrevoked()).isZero();
        proxy.always("sys/leases/revoke", json(503, "{\"errors\":[\"sealed\"]}"));
        proxy.always("auth/token/revoke-accessor", json(503, "{\"errors\":[\"sealed\"]}"));

        assertThat(lease.revoke()).noneMatch(Receipt.Disposal::verified);
        assertThat(vault.provider.unrevoked()).isEqualTo(2);
        lease.revoke();
        assertThat(vault.provider.unrevoked()).as("not counted twice").isEqualTo(2);
        proxy.heal();

        assertThat(lease.revoke()).allMatch(Receipt.Disposal::verified);
        assertThat(vault.provider.unrevoked()).isZero();
    }

    @Test
    void leasesOfAServerThatIsNotConfiguredAreCountedToo() throws InterruptedException {
        OwnedResource foreign =
                new OwnedResource(OwnedResource.Kind.LEASE, "vault https://gone.example token a");

        vault.provider.revoke(vault.job, List.of(foreign));

        assertThat(vault.provider.unrevoked()).isEqualTo(1);
    }

    @Test
    void serversWordsAreNotRepeatedWhereTheyQuoteWhatIsSecret() throws InterruptedException {
        String creds = WORLD.database() + "/creds/fault";
        SecretLease lease = vault.fetch("vault:" + creds + "#username");
        String user = valuesOf(lease).getFirst();
        proxy.once(
                "sys/leases/revoke",
                json(400, "{\"errors\":[\"role " + user + " cannot be dropped\"]}"));
        List<Receipt.Disposal> disposals = lease.revoke();
        assertThat(disposals.getFirst().evidence())
                .contains("role [MASKED] cannot be dropped")
                .doesNotContain(user);
        lease.revoke();

        proxy.always(path(), new FaultProxy.Fault.Echo(400));
        assertFails(Fault.SECRET, "[MASKED] sent");

        assertThat(proxy.echoed()).hasSize(1).allMatch(token -> token.length() > 20);
        assertThat(vault.audit.toString())
                .contains("[MASKED]")
                .doesNotContain(user)
                .doesNotContain(proxy.echoed());
    }

    @Test
    void leaseThatTheServerCannotEndIsNotCalledEnded() throws InterruptedException {
        PostgresCluster fragile = PostgresCluster.start();
        try {
            String database = SERVER.space("fragile").database(fragile, "frag");
            SERVER.space("fault").jobPolicy("job", WORLD.kv() + "/*", database + "/*");
            SecretLease lease = vault.fetch("vault:" + database + "/creds/frag#username");
            fragile.stop();

            List<Receipt.Disposal> disposals = lease.revoke();
            assertThat(disposals.getFirst().verified()).isFalse();
            assertThat(disposals.getFirst().evidence()).contains("failed to revoke");
            assertThat(vault.audited(Action.REVOKE)).anyMatch(e -> !e.endsWith(": ok"));

            fragile.resume();
            Eventually.holds(
                    "the database's login is gone",
                    Duration.ofSeconds(60),
                    () -> lease.revoke().stream().allMatch(Receipt.Disposal::verified));
            assertThat(fragile.logins("frag")).isEmpty();
        } finally {
            fragile.close();
            SERVER.space("fault").jobPolicy("job", WORLD.kv() + "/*", WORLD.database() + "/*");
        }
    }

    @Test
    void jobThatIsCancelledMeanwhileLeavesNothing() throws InterruptedException {
        proxy.always(path(), new FaultProxy.Fault.Silence());
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread job =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                vault.fetch(
                                        "vault:" + WORLD.database() + "/creds/fault#username",
                                        "vault:" + path() + "#v");
                            } catch (InterruptedException | RuntimeException e) {
                                thrown.set(e);
                            }
                        });
        Eventually.holds(
                "both were asked, and one was answered",
                Duration.ofSeconds(10),
                () -> vault.journal.size() == 2 && !proxy.seen(path()).isEmpty());

        job.interrupt();

        assertThat(job.join(Duration.ofSeconds(5))).isTrue();
        assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
        assertThat(vault.provider.revoke(vault.job, vault.journal))
                .hasSize(2)
                .allMatch(Receipt.Disposal::verified);
        assertThat(CLUSTER.logins("fault")).isEmpty();
    }

    @Test
    void serverThatIsNotThereIsNamedAndSaidInHealth() {
        try (VaultFixture nowhere = through(URI.create("http://127.0.0.1:9"))) {
            assertThat(nowhere.provider.unhealthyBecause(POOL))
                    .contains("http://127.0.0.1:9 cannot be reached");
            assertThatThrownBy(() -> nowhere.fetch("vault:" + path() + "#v"))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("http://127.0.0.1:9 cannot be reached");
        }
    }
}
