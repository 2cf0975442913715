package dev.mayfly.secrets.vault;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerVersionTest {

    @ParameterizedTest
    @CsvSource({
        "2.6.2,     ''",
        "2.7.0,     ''",
        "v2.6.10,   ''",
        "3.0.0,     ''",
        "2.6.1,     2.6.2",
        "2.5.0,     2.6.2",
        "2.0.3,     2.6.2",
        "1.20.3,    ''",
        "1.21.0+ent, ''",
        "1.20.2,    1.20.3",
        "1.9.9,     1.20.3",
        "0.11.1,    1.20.3",
        "1.20.0-rc1, 1.20.3",
        "'',        ''",
        "unknown,   ''",
    })
    void olderOnesThanTheFloorAreTold(String version, String floor) {
        assertThat(ServerVersion.tooOldFor(version).orElse("")).isEqualTo(floor);
    }
}
