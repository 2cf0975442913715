package dev.mayfly.secrets.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VaultReferenceTest {

    @Test
    void pathAloneIsEveryField() {
        VaultReference reference = VaultReference.parse("vault:secret/data/shop/db");

        assertThat(reference.read().path()).isEqualTo("secret/data/shop/db");
        assertThat(reference.field()).isEmpty();
        assertThat(reference.read().request().method()).isEqualTo(VaultRequest.Method.READ);
    }

    @Test
    void fieldMayBeInBase64() {
        VaultReference reference =
                VaultReference.parse(
                        "vault:transit/decrypt/k?ciphertext=vault:v1:a+b/c=#plaintext|base64");

        assertThat(reference.field()).isEqualTo("plaintext");
        assertThat(reference.base64()).isTrue();
        assertThat(reference.read().parameters())
                .isEqualTo(Map.of("ciphertext", "vault:v1:a+b/c="));
        assertThat(reference.read().request().method()).isEqualTo(VaultRequest.Method.WRITE);
    }

    @Test
    void versionAloneStaysARead() {
        VaultRequest request = VaultReference.parse("vault:kv/data/x?version=3#a").read().request();

        assertThat(request.method()).isEqualTo(VaultRequest.Method.READ);
        assertThat(request.path()).isEqualTo("kv/data/x?version=3");
    }

    @Test
    void parametersAreDecodedAndPlusIsAPlus() {
        assertThat(
                        VaultReference.parse("vault:pki/issue/r?common_name=a%20b&alt=c+d%26e#x")
                                .read()
                                .parameters())
                .isEqualTo(Map.of("common_name", "a b", "alt", "c+d&e"));
    }

    @Test
    void fieldsOfOnePathAreOneQuestion() {
        assertThat(VaultReference.parse("vault:db/creds/r#username").read())
                .isEqualTo(VaultReference.parse("vault:db/creds/r#password").read());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "vault:; must have the form",
                "vault:#x; must have the form",
                "vault:a#b#c; must have the form",
                "vault:/a; names divided by single slashes",
                "vault:a//b; names divided by single slashes",
                "vault:a/../b; names divided by single slashes",
                "vault:a/./b; names divided by single slashes",
                "vault:a/%2e%2e/b; names divided by single slashes",
                "vault:a b; names divided by single slashes",
                "vault:sys/raw; none of a secrets engine",
                "vault:auth/token/create; none of a secrets engine",
                "vault:identity/oidc/token/x; none of a secrets engine",
                "vault:cubbyhole/x; none of a secrets engine",
                "vault:a/b?version=new#c; not a number",
                "vault:a/b?x#c; parameter without a value",
                "vault:a/b?=x#c; parameter without a value",
                "vault:a/b?x=%zz#c; %",
            })
    void whatIsNoReferenceIsSaidToBeNone(String text, String why) {
        assertThatThrownBy(() -> VaultReference.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
    }
}
