package dev.mayfly.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** However a host is written, it is the same here as where it would be connected to. */
class HostTest {

    @ParameterizedTest
    @CsvSource({
        "example.org, example.org",
        "EXAMPLE.Org, example.org",
        "example.org., example.org",
        "_dmarc.example.org, _dmarc.example.org",
        "xn--bcher-kva.example, xn--bcher-kva.example",
        "bücher.example, xn--bcher-kva.example",
        "BÜCHER.example, xn--bcher-kva.example",
        "ｅｘａｍｐｌｅ．org, example.org",
        "example。org, example.org",
        "a-b.example, a-b.example",
        "1a.example, 1a.example",
        "1.example, 1.example",
        "0x7f.example, 0x7f.example"
    })
    void nameHasOneForm(String written, String name) {
        assertThat(Host.parse(written)).isEqualTo(new Host.Name(name));
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1",
        "192.0.2.1., 192.0.2.1",
        "0300.0.2.1, 192.0.2.1",
        "0xC0.0.2.1, 192.0.2.1",
        "0xc0000201, 192.0.2.1",
        "0XC0000201, 192.0.2.1",
        "3221225985, 192.0.2.1",
        "030000001001, 192.0.2.1",
        "192.513, 192.0.2.1",
        "192.0.513, 192.0.2.1",
        "127.1, 127.0.0.1",
        "127.0.1, 127.0.0.1",
        "0x7f.1, 127.0.0.1",
        "017700000001, 127.0.0.1",
        "2130706433, 127.0.0.1",
        "0, 0.0.0.0",
        "0x, 0.0.0.0",
        "0x0, 0.0.0.0",
        "1２7.0.0.1, 127.0.0.1",
        "127。0。0。1, 127.0.0.1",
        "①②⑦.0.0.1, 127.0.0.1",
        "255.255.255.255, 255.255.255.255",
        "[::1], ::1",
        "::1, ::1",
        "[0:0:0:0:0:0:0:1], ::1",
        "[2001:DB8::1], 2001:db8::1",
        "[::ffff:127.0.0.1], 127.0.0.1",
        "[::ffff:7f00:1], 127.0.0.1",
        "[0:0:0:0:0:ffff:7f00:0001], 127.0.0.1",
        "[64:ff9b::7f00:1], 64:ff9b::7f00:1"
    })
    void addressHasOneForm(String written, String address) {
        assertThat(Host.parse(written))
                .isInstanceOfSatisfying(
                        Host.Address.class, one -> assertThat(one).hasToString(address));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "example..org",
                ".example.org",
                "example.org..",
                "-example.org",
                "example-.org",
                "exa mple.org",
                "example.org ",
                " example.org",
                "example.org\u0000.evil.example",
                "example.org\n",
                "example.org%2e",
                "%65xample.org",
                "user@example.org",
                "example.org/",
                "example.org#",
                "example.org?",
                "example.org\\",
                "exam*ple.org",
                "256.0.0.1",
                "1.2.3.4.5",
                "1.2.3.999",
                "1.2..3",
                "08",
                "09.0.0.1",
                "0xffffffff1",
                "4294967296",
                "99999999999999999999",
                "0x8000000000000000000000001",
                "1.0x1000000",
                "example.1",
                "example.0x1",
                "[::1",
                "::1]",
                "[fe80::1%eth0]",
                "[fe80::1%25eth0]",
                "[127.0.0.1]",
                "[::g]",
                "[]",
                ":::1",
                "example.org:80:90",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example"
            })
    void whatNoTwoProgramsReadAlikeIsNone(String written) {
        assertThatThrownBy(() -> Host.parse(written)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "example.org:443, example.org:443",
        "example.org, example.org:80",
        "EXAMPLE.org.:8080, example.org:8080",
        "127.1:22, 127.0.0.1:22",
        "[::1]:443, [::1]:443",
        "[2001:db8::1], [2001:db8::1]:80"
    })
    void destinationIsAHostAndAPort(String written, String destination) {
        assertThat(Destination.parse(written, 80)).hasToString(destination);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "good.example@evil.example",
                "good.example:80@evil.example:80",
                "example.org:",
                "example.org:0",
                "example.org:65536",
                "example.org:+80",
                "example.org:80 ",
                "example.org:0x50",
                "example.org:８０",
                "::1",
                "::1:443",
                "[::1]443",
                ":443",
                "example.org:443:443",
                "example.org/x:443"
            })
    void destinationThatCanBeReadInTwoWaysIsNone(String written) {
        assertThatThrownBy(() -> Destination.parse(written, 80))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
