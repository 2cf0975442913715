package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.StepEnd;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Steps in the default image. Needs an engine and the agent image. */
@Timeout(120)
class StepsIT {

    private static final Fixture FIXTURE = new Fixture();
    private static SandboxSpec spec = FIXTURE.spec();
    private static Sandbox sandbox;

    @BeforeAll
    static void create() throws InterruptedException {
        spec = FIXTURE.spec();
        sandbox = FIXTURE.create(spec);
    }

    @AfterAll
    static void destroy() throws InterruptedException {
        FIXTURE.destroy(spec.job());
        FIXTURE.assertNothingLeft();
        FIXTURE.close();
    }

    private static Fixture.Result run(String... lines) throws InterruptedException {
        return Fixture.run(sandbox, lines);
    }

    @Test
    void linesRunInOneShellInTheSourceDirectoryAndTheirOutputArrives() throws InterruptedException {
        Fixture.Result result =
                run("x=1", "echo $x; pwd", "echo $HOME", "echo err >&2", "touch $HOME/f f");
        assertThat(result.output()).isEqualTo("1\n/workspace/src\n/workspace/home\nerr\n");
        assertThat(result.end()).isEqualTo(new StepEnd.Exited(0));
    }

    @Test
    void firstLineThatFailsEndsTheStepWithItsCode() throws InterruptedException {
        Fixture.Result result = run("echo before", "(exit 42)", "echo after");
        assertThat(result.output()).isEqualTo("before\n");
        assertThat(result.end()).isEqualTo(new StepEnd.Exited(42));
    }
}
