package dev.mayfly.job;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * What a job's author chose, or could have chosen. Good for refusing a job and for nothing else.
 *
 * @param name of the job
 * @param image of its container, as written; empty for the pool's
 * @param services images beside it
 * @param variables those that are no secret; predefined ones too, because a job can overwrite them
 */
public record SettableFacts(
        String name, String image, List<String> services, Map<String, String> variables)
        implements Facts.Group {

    public SettableFacts {
        services = List.copyOf(services);
        variables = Map.copyOf(variables);
    }

    /** What a job says of itself. */
    public static SettableFacts of(JobSpec spec) {
        ImageSpec image = spec.environment().image();
        return new SettableFacts(
                spec.name(),
                image == null ? "" : image.reference(),
                spec.environment().services().stream()
                        .map(service -> service.image().reference())
                        .toList(),
                spec.inputs().variables());
    }

    /** The same for people and for keeping; variables, which are neither shown nor kept, stay. */
    SettableFacts hiding(UnaryOperator<String> hidden) {
        return new SettableFacts(
                hidden.apply(name),
                hidden.apply(image),
                services.stream().map(hidden).toList(),
                variables);
    }

    @Override
    public Facts.Origin origin() {
        return Facts.Origin.JOB;
    }
}
