package dev.mayfly.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EgressPolicyTest {

    private static final HostAddresses HOST = new HostAddresses();

    private static EgressPolicy list(String... rules) {
        return policy(EgressPolicy.Mode.ALLOW, rules);
    }

    private static EgressPolicy open(String... rules) {
        return policy(EgressPolicy.Mode.OPEN, rules);
    }

    private static EgressPolicy policy(EgressPolicy.Mode mode, String... rules) {
        return new EgressPolicy(mode, Stream.of(rules).map(EgressRule::parse).toList(), false, 10);
    }

    private static boolean allows(EgressPolicy policy, String destination) {
        return policy.of(Destination.parse(destination, 0)) instanceof Ruling.Allowed;
    }

    private static Ruling at(EgressPolicy policy, String destination, String address) {
        Destination to = Destination.parse(destination, 0);
        return policy.of(policy.of(to), InetAddress.ofLiteral(address), to.port(), HOST);
    }

    @ParameterizedTest
    @CsvSource({
        "example.org, example.org:443, true",
        "example.org, example.org:80, true",
        "example.org, example.org:8443, false",
        "example.org, www.example.org:443, false",
        "example.org, notexample.org:443, false",
        "Example.ORG., example.org:443, true",
        "example.org:8443, example.org:8443, true",
        "example.org:8443, example.org:443, false",
        "example.org:*, example.org:1, true",
        "*.example.org, www.example.org:443, true",
        "*.example.org, a.b.example.org:443, true",
        "*.example.org, example.org:443, false",
        "*.example.org, notexample.org:443, false",
        "*.example.org, example.org.evil.example:443, false",
        "*.example.org:22, www.example.org:22, true",
        "bücher.example, xn--bcher-kva.example:443, true",
        "198.41.0.4, 198.41.0.4:443, true",
        "198.41.0.0/24:5432, 198.41.0.200:5432, true",
        "198.41.0.0/24:5432, 198.41.1.0:5432, false",
        "198.41.0.0/24:5432, 198.41.0.200:443, false",
        "198.41.0.0/24:*, 0xc6.0x29.0.4:7, true",
        "[2606:4700::/32]:443, [2606:4700::1111]:443, true",
        "[2606:4700::/32]:443, [2606:4701::1111]:443, false",
        "2606:4700::/32, [2606:4700::1]:80, true",
        "198.41.0.0/24, name.example:443, false"
    })
    void ruleIsForWhatItSays(String rule, String destination, boolean allowed) {
        assertThat(allows(list(rule), destination)).isEqualTo(allowed);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*",
                "*.org",
                "*example.org",
                "www.*.org",
                "*.*.example",
                "http://example.org",
                "example.org/path",
                "user@example.org",
                "example.org:0",
                "example.org:99999",
                "example.org:https",
                "192.0.2.1/24",
                "192.0.2.0/33",
                "192.0.2.0/",
                "192.0.2",
                "0x7f.0.0.1",
                "127.0.0.1",
                "127.0.0.0/8",
                "169.254.169.254",
                "169.254.0.0/16:80",
                "224.0.0.0/4",
                "[::1]:80",
                "fe80::/10",
                "0.0.0.0",
                "exa mple.org"
            })
    void ruleThatIsNoneOrForWhatNoJobReachesIsAnError(String rule) {
        assertThatThrownBy(() -> EgressRule.parse(rule))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .isNotBlank();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "0.1.2.3",
                "10.1.2.3",
                "100.64.0.1",
                "100.100.100.200",
                "127.0.0.1",
                "127.255.255.254",
                "168.63.129.16",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.192",
                "192.0.2.1",
                "192.88.99.1",
                "192.168.1.1",
                "198.18.0.1",
                "198.51.100.1",
                "203.0.113.1",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::7f00:1",
                "::ffff:10.0.0.1",
                "64:ff9b::a00:1",
                "64:ff9b:1::a00:1",
                "100::1",
                "2001::1",
                "2001:db8::1",
                "2002:a00:1::1",
                "3fff::1",
                "4000::1",
                "fc00::1",
                "fd00:ec2::254",
                "fe80::1",
                "fec0::1",
                "ff02::1"
            })
    void openPoolReachesNoAddressThatIsNotSomewhereInTheInternet(String address) {
        assertThat(at(open(), "name.example:443", address)).isInstanceOf(Ruling.Refused.class);
        assertThat(at(list("name.example"), "name.example:443", address))
                .as("nor does a list that a name of it is on")
                .isInstanceOf(Ruling.Refused.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.1.1.1",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.167.255.255",
                "192.169.0.0",
                "223.255.255.255",
                "2606:4700::1111",
                "2a00:1450::1"
            })
    void openPoolReachesTheRest(String address) {
        assertThat(at(open(), "name.example:443", address)).isInstanceOf(Ruling.Allowed.class);
    }

    @Test
    void privateAddressIsReachedWhereItIsListedItself() {
        EgressPolicy both = list("name.example:5432", "10.1.0.0/16:5432");

        assertThat(at(both, "name.example:5432", "10.1.2.3")).isInstanceOf(Ruling.Allowed.class);
        assertThat(at(both, "name.example:5432", "10.2.2.3")).isInstanceOf(Ruling.Refused.class);
        assertThat(at(open("10.1.0.0/16:5432"), "10.1.2.3:5432", "10.1.2.3"))
                .isInstanceOf(Ruling.Allowed.class);
        assertThat(at(open("10.1.0.0/16:5432"), "10.1.2.3:22", "10.1.2.3"))
                .isInstanceOf(Ruling.Refused.class);
    }

    @Test
    void loopbackIsNeverReachedEvenWhereAWiderBlockIsListed() {
        assertThat(at(list("name.example", "0.0.0.0/0"), "name.example:443", "127.0.0.1"))
                .isEqualTo(
                        new Ruling.Refused(
                                "127.0.0.1 is loopback, which no job reaches",
                                "there is no way to allow it",
                                true));
    }

    /** What no list can allow is not said to lack in it. */
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:80", "169.254.169.254:80", "[::1]:80"})
    void refusalOfAnAddressThatIsNeverReachedProposesNoRule(String destination) {
        assertThat(list("name.example").of(Destination.parse(destination, 80)))
                .isInstanceOfSatisfying(
                        Ruling.Refused.class,
                        why -> assertThat(why.cure()).isEqualTo("there is no way to allow it"));
    }

    @Test
    void addressOfThisHostIsReachedWhereItIsListedOnly() throws Exception {
        String host = Outside.host().getHostAddress();

        assertThat(at(open(), "name.example:443", host))
                .isInstanceOfSatisfying(
                        Ruling.Refused.class,
                        why -> assertThat(why.reason()).contains("an address of this host"));
        assertThat(at(open(host + ":443"), "name.example:443", host))
                .isInstanceOf(Ruling.Allowed.class);
    }

    @Test
    void openPoolAsksNobodyOutsideForNamesWithoutADot() {
        assertThat(open().ofName(new Host.Name("db"))).isInstanceOf(Ruling.Refused.class);
        assertThat(open().ofName(new Host.Name("db.example"))).isInstanceOf(Ruling.Allowed.class);
        assertThat(list("db:5432").ofName(new Host.Name("db"))).isInstanceOf(Ruling.Allowed.class);
    }

    @Test
    void portOfOneListedNameMeansThatName() {
        EgressPolicy policy =
                list(
                        "git.example:22",
                        "a.example:5432",
                        "b.example:5432",
                        "*.c.example:9",
                        "d.example");

        assertThat(policy.onlyNameOf(22)).contains(new Host.Name("git.example"));
        assertThat(policy.onlyNameOf(5432)).isEmpty();
        assertThat(policy.onlyNameOf(9)).isEmpty();
        assertThat(policy.onlyNameOf(443)).isEmpty();
        assertThat(list("all.example:*", "git.example:22").onlyNameOf(22)).isEmpty();
        assertThat(policy.ports()).isEqualTo(Set.of(80, 443, 22, 5432, 9));
    }

    @Test
    void refusalNamesItsCure() {
        assertThat(list("a.example").of(Destination.parse("b.example:22", 0)))
                .isEqualTo(
                        new Ruling.Refused(
                                "no rule allows it",
                                "add \"b.example:22\" to egress.allow",
                                false));
        assertThat(at(list("b.example:22"), "b.example:22", "10.0.0.1"))
                .isEqualTo(
                        new Ruling.Refused(
                                "10.0.0.1 is private and not listed itself",
                                "add \"10.0.0.1:22\" to egress.allow too, if it is meant",
                                false));
        assertThat(List.of(EgressRule.parse("10.0.0.1:22"))).hasSize(1);
    }
}
