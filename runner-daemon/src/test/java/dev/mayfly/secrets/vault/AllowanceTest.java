package dev.mayfly.secrets.vault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.secrets.vault.PoolAccess.Allowance;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AllowanceTest {

    @ParameterizedTest
    @CsvSource({
        "secret/data/shop/db,    secret/data/shop/db,       true",
        "secret/data/shop/db,    secret/data/shop/db2,      false",
        "secret/data/shop/db,    secret/data/shop,          false",
        "secret/data/shop/*,     secret/data/shop/db,       true",
        "secret/data/shop/*,     secret/data/shop/a/b,      true",
        "secret/data/shop/*,     secret/data/shop,          false",
        "secret/data/shop/*,     secret/data/shopping/x,    false",
        "secret/data/shop*,      secret/data/shopping/x,    true",
        "secret/data/+/db,       secret/data/shop/db,       true",
        "secret/data/+/db,       secret/data/shop/a/db,     false",
        "secret/data/+/db,       secret/data/shop/dbx,      false",
        "+/creds/*,              database/creds/app,        true",
        "+/creds/*,              a/b/creds/app,             false",
        "*,                      anything/at/all,           true",
        "prod,                   prod/x,                    false",
    })
    void patternCoversWhatTheServersPolicyWould(String pattern, String path, boolean covered) {
        assertThat(new Allowance(List.of(pattern), Map.of()).covers(path)).isEqualTo(covered);
    }
}
