package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.InputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class DocumentSchemaTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mayfly.schema.json",
                "job.schema.json",
                "token-rules.schema.json",
                "policy.schema.json"
            })
    void validatorKnowsEveryKeyword(String name) throws Exception {
        Logger validator = (Logger) LoggerFactory.getLogger("com.networknt.schema");
        ListAppender<ILoggingEvent> heard = new ListAppender<>();
        heard.start();
        validator.addAppender(heard);
        try (InputStream in = DocumentSchema.class.getResourceAsStream(name)) {
            JsonMapper json = new JsonMapper();
            new DocumentSchema(json.readTree(in)).violations(json.createObjectNode());
        } finally {
            validator.detachAppender(heard);
        }
        assertThat(heard.list).extracting(ILoggingEvent::getFormattedMessage).isEmpty();
    }
}
