package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.SecretValue;
import dev.mayfly.sandbox.DeliveredFile;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The conversation with an agent about one step. */
final class StepRun {

    private static final int SIGTERM = 15;
    private static final int SIGKILL = 9;
    private static final int KILLED = 128 + SIGKILL;

    private final Step step;
    private final AgentSession session;
    private final Duration grace;

    /**
     * Prepares.
     *
     * @param grace from SIGTERM to SIGKILL, and again from SIGKILL to giving up
     */
    StepRun(Step step, AgentSession session, Duration grace) {
        this.step = step;
        this.session = session;
        this.grace = grace;
    }

    /** The container's stream ended before the step did. */
    static final class ContainerGone extends Exception {
        private static final long serialVersionUID = 1L;

        ContainerGone(String why) {
            super(why);
        }
    }

    /**
     * Tells the agent everything about the step but to run it.
     *
     * @param preparation frames that depend on the place the step runs in
     * @param entrypoint a command that receives the shell
     * @param otherwiseHome the home of a script in whose image the user has none that can be used,
     *     or null where its environment says where it is
     */
    void prepare(List<byte[]> preparation, List<String> entrypoint, @Nullable String otherwiseHome)
            throws InterruptedException {
        for (byte[] frame : preparation) {
            session.stream().send(frame);
        }
        for (var variable : step.environment().entrySet()) {
            session.stream().send(AgentFrames.variable(variable.getKey(), variable.getValue()));
        }
        for (DeliveredFile file : step.files()) {
            deliver(file);
        }
        switch (step.program()) {
            case Step.Program.Command(List<String> arguments) -> sendArguments(arguments);
            case Step.Program.Shell(List<String> lines) -> {
                requireShell();
                sendArguments(entrypoint);
                sendScript(ShellScript.of(session.hello().shell(), otherwiseHome, lines));
            }
        }
        if (step.stdin() == null) {
            session.stream().send(AgentFrames.endOfInput());
        }
    }

    private void deliver(DeliveredFile file) throws InterruptedException {
        byte[] content = file.value().reveal();
        try {
            int part = AgentFrames.filePartBytes(file.name());
            int at = 0;
            do {
                int length = Math.min(part, content.length - at);
                session.stream().send(AgentFrames.file(file.name(), content, at, length));
                at += length;
            } while (at < content.length);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    private void requireShell() {
        if (session.hello().shell().isEmpty()) {
            throw new FaultException(
                    Fault.IMAGE,
                    "step %s needs a shell and the image has neither bash nor sh in its PATH, /bin"
                                    .formatted(step.name())
                            + " or /usr/bin; use an image with a shell");
        }
    }

    private void sendArguments(List<String> arguments) throws InterruptedException {
        for (String argument : arguments) {
            session.stream().send(AgentFrames.argument(argument));
        }
    }

    private void sendScript(String script) throws InterruptedException {
        byte[] text = script.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < text.length; at += AgentDecoder.MAX_PAYLOAD_BYTES) {
            int length = Math.min(AgentDecoder.MAX_PAYLOAD_BYTES, text.length - at);
            session.stream().send(AgentFrames.script(text, at, length));
        }
    }

    /** Runs the prepared step to its end. See {@link Sandbox#run} for the contract. */
    StepEnd run(Sandbox.Output output, Duration limit, Cancellation cancellation)
            throws InterruptedException, ContainerGone {
        AgentStream stream = session.stream();
        cancellation.whenRequested(stream::wake);
        long limitAt = System.nanoTime() + limit.toNanos();
        stream.send(AgentFrames.run());
        try (StdinFeed feed = StdinFeed.start(step, stream, limitAt)) {
            StepEnd end = converse(output, limitAt, cancellation, feed);
            feed.requireIntact();
            return end;
        }
    }

    private StepEnd converse(
            Sandbox.Output output, long limitAt, Cancellation cancellation, StdinFeed feed)
            throws InterruptedException, ContainerGone {
        Ending ending = null;
        while (true) {
            long now = System.nanoTime();
            if (ending == null) {
                ending = begin(now, limitAt, cancellation, feed);
            }
            if (ending != null && ending.advance(now)) {
                // Neither signal was heard or obeyed: without its input the agent ends them all.
                session.stream().close();
                return ending.end;
            }
            switch (session.stream().receive(ending == null ? limitAt : ending.nextAt())) {
                case null -> {}
                case AgentMessage.Output(byte[] array, int offset, int length) ->
                        output.write(array, offset, length);
                case AgentMessage.ToMask(String name, SecretValue value) -> {
                    // What the step prints after the answer comes after it in the stream too.
                    session.stream().answer(output.mask(name, value));
                    value.forget();
                }
                case AgentMessage.Ended ended -> {
                    StepEnd end = ending != null ? ending.end : endOf(ended);
                    tellKills(ended.oomKills(), end, output);
                    return end;
                }
                case AgentMessage.Trouble(String text) -> throw notStarted(text);
                case AgentMessage.Gone(String why) -> {
                    if (ending != null) {
                        return ending.end;
                    }
                    throw new ContainerGone(why);
                }
                case AgentMessage other ->
                        throw new FaultException(
                                Fault.INTERNAL,
                                "the agent said %s while step %s ran"
                                        .formatted(other, step.name()));
            }
        }
    }

    private @Nullable Ending begin(
            long now, long limitAt, Cancellation cancellation, StdinFeed feed) {
        if (cancellation.reason() != null || feed.failed()) {
            return new Ending(new StepEnd.Cancelled(), now);
        }
        return now - limitAt >= 0 ? new Ending(new StepEnd.TimedOut(), now) : null;
    }

    /** Where the step's end does not say it already: a program that starts others may hide it. */
    private static void tellKills(long kills, StepEnd end, Sandbox.Output output)
            throws InterruptedException {
        if (kills > 0 && !(end instanceof StepEnd.OutOfMemory)) {
            output.notice(
                    "the kernel killed %d of the step's processes for memory: its container ran into its limit (pools[].memory)"
                            .formatted(kills));
        }
    }

    private StepEnd endOf(AgentMessage.Ended ended) {
        if (ended.survivors() > 0) {
            throw new FaultException(
                    Fault.ENGINE,
                    "%d processes of step %s could not be killed at its end; nothing more is run beside them"
                            .formatted(ended.survivors(), step.name()));
        }
        return ended.code() == KILLED && ended.oomKills() > 0
                ? new StepEnd.OutOfMemory()
                : new StepEnd.Exited(ended.code());
    }

    private FaultException notStarted(String text) {
        return new FaultException(
                Fault.IMAGE,
                "step %s could not be started in its image: %s".formatted(step.name(), text));
    }

    /** A step being ended from outside: asked, then killed, then given up. */
    private final class Ending {
        private final StepEnd end;
        private final long killAt;
        private final long giveUpAt;
        private boolean killed;

        Ending(StepEnd end, long now) {
            this.end = end;
            killAt = now + grace.toNanos();
            giveUpAt = killAt + grace.toNanos();
            session.stream().signal(SIGTERM);
        }

        long nextAt() {
            return killed ? giveUpAt : killAt;
        }

        /** Does what is due; true when nothing is left to be done. */
        boolean advance(long now) {
            if (!killed && now - killAt >= 0) {
                killed = true;
                session.stream().signal(SIGKILL);
            }
            return now - giveUpAt >= 0;
        }
    }
}
