package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.Hiding;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.Transfers;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.source.JobSource;
import dev.mayfly.source.Lag;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs of one registration, for the one pool that it feeds.
 *
 * <p>A question to the server is never taken back: the server may have given out a job already,
 * which nobody would then run. Whoever asks for jobs stops waiting for the answer when its time is
 * over; the next one finds it. A job that comes while nobody will ask again is given back as
 * failed.
 */
public final class GitLabSource implements JobSource, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(GitLabSource.class);

    /** A change that a server held a question for came after at least this time. */
    private static final Duration HELD = Duration.ofMillis(500);

    private static final Duration CLOSING = Duration.ofSeconds(10);

    /** A question that is older waits for a change, and brings no job. */
    private static final Duration SURELY_HELD = Duration.ofSeconds(5);

    private final GitLabSourceSettings settings;
    private final Registrations registrations;
    private final RunnerApi api;
    private final RunnerInfo info;
    private final Hiding hiding;
    private final InstantSource clock;
    private final RandomGenerator random = RandomGenerator.getDefault();
    private final Map<JobId, ActiveJob> active = new ConcurrentHashMap<>();
    private final Set<TraceDelivery> old = ConcurrentHashMap.newKeySet();
    private final OpenJobs open;
    private final Backoff backoff;

    private final ReentrantLock lock = new ReentrantLock();

    /** Written under the lock, read by anybody. */
    private volatile Registration registration;

    /** Written under the lock, read by anybody. */
    private volatile String illness = "";

    // Guarded by lock.
    private @Nullable Poll poll;
    private @Nullable String lastUpdate;
    private long nextQuestion = System.nanoTime();
    private long nextRotation = System.nanoTime();

    /** A question under way. */
    private record Poll(CompletableFuture<Answer> answer, GitLabToken token, long since) {}

    /**
     * Prepares a source; nothing is asked yet.
     *
     * @param registrations where the registration is; a fresh token is written there
     * @param api the way to the server of the registration; closed by the caller, after this
     * @throws StateException when there is no such registration, or it is one at another server
     */
    public GitLabSource(
            GitLabSourceSettings settings,
            Registrations registrations,
            RunnerApi api,
            RunnerInfo info,
            Hiding hiding,
            InstantSource clock) {
        this.settings = settings;
        this.registrations = registrations;
        this.api = api;
        this.info = info;
        this.hiding = hiding;
        this.clock = clock;
        PollPacing pacing = settings.pacing().poll();
        this.backoff = new Backoff(pacing.firstPause(), pacing.longestPause(), random);
        this.registration = current();
        this.open = new OpenJobs(settings.limits().spools(), name(), api.server());
    }

    /**
     * Where the logs of jobs wait for their server.
     *
     * @throws StateException when the directory cannot be made
     */
    public static Path jobsIn(StateDirectory state) {
        return PrivateFile.directory(Registrations.directoryIn(state).resolve("jobs"));
    }

    @Override
    public String name() {
        return settings.registration();
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException for another pool than the one that the registration feeds
     */
    @Override
    public Optional<Claim> claim(PoolName pool, Duration wait) throws InterruptedException {
        if (!pool.equals(settings.pool())) {
            throw new IllegalArgumentException(
                    "registration " + name() + " feeds " + settings.pool() + " and not " + pool);
        }
        long deadline = System.nanoTime() + wait.toNanos();
        if (!lock.tryLock(wait.toNanos(), TimeUnit.NANOSECONDS)) {
            return Optional.empty();
        }
        try {
            return claimUntil(deadline);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String unhealthyBecause() {
        return illness;
    }

    @Override
    public Lag lag() {
        return Stream.concat(active.values().stream().map(ActiveJob::delivery), old.stream())
                .map(TraceDelivery::lag)
                .reduce(Lag.NONE, Lag::and);
    }

    /** When the server ends the runner's token; empty where it does not. */
    public Optional<Instant> tokenExpires() {
        return Optional.ofNullable(registration.validity().until());
    }

    @Override
    public void rest() throws InterruptedException {
        giveBack(System.nanoTime() + CLOSING.toNanos());
    }

    @Override
    public JobReport report(Claim claim) {
        ActiveJob job = active.get(claim.job());
        if (job == null) {
            throw new IllegalArgumentException("job " + claim.job() + " is not active");
        }
        return new GitLabReport(job);
    }

    /**
     * Stops. A job that an open question still brings is given back; ends of jobs that the server
     * has not taken yet are told for a few seconds more, and then by a later life.
     */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            long deadline = System.nanoTime() + CLOSING.toNanos();
            giveBack(deadline);
            for (ActiveJob job : active.values()) {
                // One that has not ended is told of by nobody: there is nothing to wait for.
                Duration wait = Duration.ofNanos(job.delivery().finishing() ? left(deadline) : 0);
                if (job.delivery().await(wait) == null) {
                    LOG.warn("GitLab does not have the end of a job job={}", job.id());
                }
                job.close();
            }
            active.clear();
            for (TraceDelivery delivery : old) {
                delivery.stop();
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Optional<Claim> claimUntil(long deadline) throws InterruptedException {
        while (true) {
            Poll asked = poll;
            if (asked == null) {
                long pause = nextQuestion - System.nanoTime();
                if (pause > 0) {
                    Thread.sleep(Duration.ofNanos(Math.min(pause, left(deadline))));
                    if (nextQuestion > System.nanoTime()) {
                        return Optional.empty();
                    }
                }
                asked = ask();
                poll = asked;
            }
            Optional<JsonNode> payload;
            try {
                Answer answer = asked.answer().get(left(deadline), TimeUnit.NANOSECONDS);
                payload = payload(asked, answer);
            } catch (TimeoutException e) {
                return Optional.empty(); // and the question stays open for the next one
            } catch (ExecutionException e) {
                failed(String.valueOf(api.unreachable(e.getCause()).getMessage()), null);
                payload = Optional.empty();
            }
            poll = null;
            Optional<Claim> claim = payload.isPresent() ? taken(payload.get()) : Optional.empty();
            if (claim.isPresent()) {
                return claim;
            }
        }
    }

    private Poll ask() throws InterruptedException {
        rotateIfDue();
        PollPacing pacing = settings.pacing().poll();
        long now = System.nanoTime();
        // Counted from the question: a server that held it may be asked again at once.
        nextQuestion = now + spread(pacing.interval());
        GitLabToken token = registration.token();
        return new Poll(api.requestJob(token, lastUpdate, pacing.answer()), token, now);
    }

    private Optional<JsonNode> payload(Poll asked, Answer answer) {
        return switch (PollAnswer.of(answer, asked.token(), clock.instant())) {
            case PollAnswer.Assigned(JsonNode payload) -> {
                well();
                nextQuestion = System.nanoTime();
                yield Optional.of(payload);
            }
            case PollAnswer.Nothing(String update) -> {
                well();
                if (update != null) {
                    lastUpdate = update;
                } else if (System.nanoTime() - asked.since() >= HELD.toNanos()) {
                    nextQuestion = System.nanoTime();
                }
                yield Optional.empty();
            }
            case PollAnswer.Race() -> {
                well();
                yield Optional.empty();
            }
            case PollAnswer.Unwelcome(String because) -> {
                failed(because, null);
                reread(asked.token());
                yield Optional.empty();
            }
            case PollAnswer.Busy(String because, Duration wish) -> {
                failed(because, wish);
                yield Optional.empty();
            }
        };
    }

    /** Takes a job that the server has given us; nobody else gets it from now on. */
    private Optional<Claim> taken(JsonNode node) throws InterruptedException {
        JobPayload payload;
        try {
            payload = PayloadReader.read(node);
        } catch (PayloadException e) {
            unreadable(e);
            return Optional.empty();
        }
        JobId id = new JobId(name() + "-" + payload.facts().id());
        JobApi jobApi = api.job(payload.facts().id(), payload.token());
        TraceWriter.Form form =
                new TraceWriter.Form(
                        new TraceWriter.Style(
                                payload.facts().server().sections(), payload.work().stamped()),
                        Long.toHexString(random.nextLong() | Long.MIN_VALUE));
        OpenJobs.OpenJob note =
                new OpenJobs.OpenJob(
                        id,
                        payload.facts().id(),
                        payload.token(),
                        payload.facts().server().failureReasons(),
                        form,
                        null);
        ActiveJob job;
        try {
            // Noted before anything else: from here on somebody tells its end, whatever happens.
            open.note(note);
            job =
                    new ActiveJob(
                            open, note, payload, jobApi, open.newLog(id), form, settings, random);
        } catch (IOException e) {
            LOG.error("a job cannot be noted, so it is given back job={}", id, e);
            end(jobApi, FinalState.failed(FailureReason.RUNNER_SYSTEM_FAILURE));
            open.forget(id);
            return Optional.empty();
        }
        boolean canceling = false;
        try {
            JobAnswer answer = jobApi.running(null);
            if (answer.over()) {
                overBeforeItBegan(id, answer);
                job.forget();
                return Optional.empty();
            }
            canceling = answer.canceling();
        } catch (UnreachableException e) {
            LOG.warn("the start of a job was not told job={} because={}", id, e.getMessage());
        }
        job.waited(node.path("job_info").path("time_in_queue_seconds"));
        active.put(id, job);
        job.delivery().start();
        forgetWhenTold(id, job.delivery(), job::forget);
        if (canceling) {
            job.cancelledAtServer("a user cancelled it at GitLab");
        }
        return switch (JobMapping.map(payload, facts(), hiding)) {
            case JobMapping.Result.Mapped(
                            JobSpec spec,
                            Transfers transfers,
                            List<String> skipped) -> {
                job.exchange(
                        new GitLabExchange(
                                api.http(), payload, transfers, settings.pacing().poll(), random));
                skipped.forEach(what -> told(job, "Mayfly goes on without this: " + what));
                yield Optional.of(
                        new Claim(
                                id,
                                ServedFacts.of(payload, settings, api.server(), spec),
                                spec,
                                job.cancellation(),
                                payload.facts().server().maskedPrefixes()));
            }
            case JobMapping.Result.Refused refused -> {
                refuse(job, refused);
                yield Optional.empty();
            }
        };
    }

    /** Only a server that says nothing of the job's state is odd. */
    private void overBeforeItBegan(JobId id, JobAnswer answer) {
        if (answer.jobStatus() != null) {
            LOG.info("job was over before it began job={} status={}", id, answer.jobStatus());
            return;
        }
        LOG.warn(
                "the server hands out a job and then knows nothing of it, so it is not run; it may"
                        + " be shown as running there until its time is over job={} registration={}"
                        + " server={} because={}",
                id,
                name(),
                api.server(),
                answer.problem());
    }

    private RunnerFacts facts() {
        return new RunnerFacts(
                settings.pool(),
                settings.protectedRefs(),
                settings.limits().network(),
                info,
                registration.token().shortForm(),
                api.authorities(),
                settings.limits().variables());
    }

    /**
     * Says something in the job's own log before anything else does. Never a value of the job's.
     */
    private void told(ActiveJob job, String text) {
        try {
            job.log().notice(clock.instant(), text);
        } catch (IOException e) {
            LOG.warn("a job's log was not kept job={}", job.id(), e);
        }
    }

    /** Says in the job's own log why it is not run. */
    private void refusal(ActiveJob job, JobMapping.Result.Refused refused) {
        if (!refused.lacking().isEmpty()) {
            told(job, "Mayfly does not run this job: it cannot do what the job needs.");
            refused.lacking().forEach(one -> told(job, "  - " + one));
            told(job, "Let another runner take it, by tags, or leave these out.");
        }
        if (!refused.mistaken().isEmpty()) {
            told(job, "Mayfly does not run this job: what it says cannot be meant.");
            refused.mistaken().forEach(one -> told(job, "  - " + one));
        }
    }

    private void refuse(ActiveJob job, JobMapping.Result.Refused refused) {
        LOG.warn(
                "a job cannot be run as it is job={} lacking={} mistaken={}",
                job.id(),
                refused.lacking(),
                refused.mistaken());
        refusal(job, refused);
        FailureReason reason =
                refused.lacking().isEmpty()
                        ? FailureReason.RUNNER_CONFIGURATION_ERROR
                        : FailureReason.RUNNER_SYSTEM_FAILURE;
        FinalState state =
                FinalState.failed(reason.knownTo(job.payload().facts().server().failureReasons()));
        try {
            job.ended(state);
        } catch (IOException e) {
            LOG.warn("the end of a job was not noted job={}", job.id(), e);
            job.delivery().finish(state);
        }
    }

    private interface Closing {
        void close() throws InterruptedException;
    }

    /** Forgets a job, when the server has its end or never will. */
    private void forgetWhenTold(JobId id, TraceDelivery delivery, Closing closing) {
        Thread.ofVirtual()
                .name("forget-" + id)
                .start(() -> {
                    try {
                        if (delivery.awaitEnd() != TraceDelivery.End.STOPPED) {
                            closing.close();
                            active.remove(id);
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt(); // nobody does
                    }
                });
    }

    /**
     * Tells the server the ends that earlier lives could not tell. A job that such a life has left
     * without an end was lost with it. To be called once, when what those lives left is destroyed.
     *
     * @param destroyed what became of environments that those lives left
     * @throws StateException when what was noted cannot be read
     */
    public void tellOldEnds(List<Receipt> destroyed) {
        try {
            for (OpenJobs.OpenJob job : open.all()) {
                if (!active.containsKey(job.id())) {
                    tellOldEnd(
                            job,
                            destroyed.stream()
                                    .filter(receipt -> receipt.job().equals(job.id()))
                                    .findFirst()
                                    .orElse(null));
                }
            }
        } catch (IOException e) {
            throw new StateException(
                    "the jobs of an earlier life cannot be looked up (" + e + ")", e);
        }
    }

    private void tellOldEnd(OpenJobs.OpenJob job, @Nullable Receipt destroyed) throws IOException {
        FileTraceSpool log = open.oldLog(job.id());
        FinalState end = job.end();
        if (end == null) {
            TraceWriter writer = TraceWriter.resumed(log, job.form());
            // Its environment was destroyed before this is said: times in a log do not go back.
            Instant seen = destroyed == null ? clock.instant() : destroyed.at();
            writer.sectionLeftOpenEnded(seen);
            writer.notice(seen, new Outcome.Lost().sentence());
            if (destroyed != null) {
                ActiveJob.tell(destroyed, writer);
            }
            end = FinalState.failed(FailureReason.RUNNER_SYSTEM_FAILURE);
            open.note(job.with(end));
        }
        LOG.info("telling the end of a job of an earlier life job={}", job.id());
        tell(job.with(end), log);
    }

    /**
     * Tells the end of a job that nobody runs.
     *
     * @param job that is noted with its end
     * @param log all of it; closed when it is told
     */
    private void tell(OpenJobs.OpenJob job, TraceSpool log) {
        TraceDelivery delivery =
                new TraceDelivery(
                        api.job(job.number(), job.token()),
                        log,
                        settings.pacing().trace(),
                        false,
                        random,
                        TraceDelivery.Listener.NOBODY);
        delivery.finish(Objects.requireNonNull(job.end()));
        delivery.start();
        old.add(delivery);
        forgetWhenTold(
                job.id(),
                delivery,
                () -> {
                    old.remove(delivery);
                    closeLog(job.id(), log);
                    open.forget(job.id());
                });
    }

    private static void closeLog(JobId id, TraceSpool log) {
        try {
            log.close();
        } catch (IOException e) {
            LOG.warn("a log was not closed job={}", id, e);
        }
    }

    /** A job that cannot be read ends like any other: with a log, which says why, and an end. */
    private void unreadable(PayloadException problem) throws InterruptedException {
        LOG.error("a job cannot be run registration={}: {}", name(), problem.getMessage());
        PayloadException.Addressee to = problem.addressee();
        if (to == null) {
            return;
        }
        TraceWriter.Form form =
                new TraceWriter.Form(
                        new TraceWriter.Style(to.server().sections(), to.stamped()), "");
        OpenJobs.OpenJob job =
                new OpenJobs.OpenJob(
                        new JobId(name() + "-" + to.job()),
                        to.job(),
                        to.token(),
                        to.server().failureReasons(),
                        form,
                        FinalState.failed(FailureReason.RUNNER_SYSTEM_FAILURE));
        try {
            open.note(job);
            FileTraceSpool log = open.newLog(job.id());
            TraceWriter writer =
                    new TraceWriter(log, settings.limits().logBytes(), form.style(), form.mark());
            Instant now = clock.instant();
            writer.notice(now, "Mayfly does not run this job: " + problem.getMessage() + ".");
            writer.notice(
                    now,
                    "Leave that out of the job, or let another runner take it, by tags. If the"
                            + " pipeline does not ask for it, the server is newer than this Mayfly"
                            + " ("
                            + info.version()
                            + "): update it.");
            tell(job, log);
        } catch (IOException e) {
            LOG.error("a job cannot be noted job={}", job.id(), e);
            end(
                    api.job(to.job(), to.token()),
                    FinalState.failed(FailureReason.RUNNER_SYSTEM_FAILURE));
            open.forget(job.id());
        }
    }

    /**
     * Tells an end with an empty log; once, because the server finds it by itself within the hour.
     */
    private static void end(JobApi jobApi, FinalState state) throws InterruptedException {
        try {
            JobAnswer answer = jobApi.ended(state, TraceSum.EMPTY);
            if (answer.status() != 200) {
                LOG.warn(
                        "the end of a job was not taken job={} because={}",
                        jobApi.job(),
                        answer.problem());
            }
        } catch (UnreachableException e) {
            LOG.warn("the end of a job was not told job={}", jobApi.job(), e);
        }
    }

    private void giveBack(long deadline) throws InterruptedException {
        if (!lock.tryLock(left(deadline), TimeUnit.NANOSECONDS)) {
            return; // somebody still claims, and gets the answer
        }
        try {
            Poll open = poll;
            poll = null;
            if (open == null) {
                return;
            }
            long until = Math.min(deadline, open.since() + SURELY_HELD.toNanos());
            Answer answer = open.answer().get(left(until), TimeUnit.NANOSECONDS);
            if (PollAnswer.of(answer, open.token(), clock.instant())
                    instanceof PollAnswer.Assigned(JsonNode node)) {
                JobPayload payload = PayloadReader.read(node);
                LOG.warn("a job came too late and is given back job={}", payload.facts().id());
                end(
                        api.job(payload.facts().id(), payload.token()),
                        FinalState.failed(
                                FailureReason.RUNNER_INTERRUPTED.knownTo(
                                        payload.facts().server().failureReasons())));
            }
        } catch (TimeoutException e) {
            // Held by the server, which gives out jobs at once or not at all.
            LOG.debug("a question for jobs stays unanswered registration={}", name());
        } catch (ExecutionException e) {
            LOG.debug("the last question for jobs failed registration={}", name(), e);
        } catch (PayloadException e) {
            unreadable(e);
        } finally {
            lock.unlock();
        }
    }

    /** Exchanges the token while no question is open that carries the old one. */
    private void rotateIfDue() throws InterruptedException {
        if (!settings.rotate()
                || !registration.validity().due(clock.instant())
                || System.nanoTime() < nextRotation) {
            return;
        }
        nextRotation = System.nanoTime() + Duration.ofMinutes(10).toNanos();
        try {
            switch (api.resetToken(registration.token())) {
                case RegistrationAnswer.Granted(Long _, GitLabToken token, var expires) -> {
                    registration =
                            registration.with(
                                    token, new Registration.Validity(clock.instant(), expires));
                    registrations.write(registration);
                    LOG.info("the runner's token was exchanged registration={}", name());
                }
                case RegistrationAnswer.Refused(int _, String because) ->
                        LOG.error(
                                "the runner's token ends at {} and was not exchanged"
                                        + " registration={} because={}",
                                registration.validity().until(),
                                name(),
                                because);
                case RegistrationAnswer.Removed() ->
                        throw new IllegalStateException("an exchange removes nothing");
            }
        } catch (UnreachableException e) {
            LOG.warn(
                    "the runner's token was not exchanged registration={} because={}",
                    name(),
                    e.getMessage());
        } catch (StateException e) {
            // The old token is worth nothing already: go on with the one in memory.
            LOG.error(
                    "the runner's fresh token could not be kept: after a restart it is lost,"
                            + " register again registration={}",
                    name(),
                    e);
        }
    }

    /** Somebody may have registered again, or another process has exchanged the token. */
    private void reread(GitLabToken refused) {
        try {
            Registration kept = current();
            if (!kept.token().reveal().equals(refused.reveal())) {
                registration = kept;
                lastUpdate = null;
                LOG.info("the registration has another token now registration={}", name());
            }
        } catch (StateException e) {
            LOG.warn("the registration cannot be read again registration={}", name(), e);
        }
    }

    private Registration current() {
        return registrations.required(name(), api.server());
    }

    private void well() {
        backoff.reset();
        if (!illness.isEmpty()) {
            illness = "";
            LOG.info("GitLab answers again registration={}", name());
        }
    }

    private void failed(String because, @Nullable Duration wish) {
        nextQuestion = System.nanoTime() + backoff.next(wish).toNanos();
        if (!because.equals(illness)) { // once, not with each question
            illness = because;
            LOG.warn("GitLab gives no jobs registration={} because={}", name(), because);
        }
    }

    /** Nine tenths to eleven tenths of it, so that many daemons do not ask at the same time. */
    private long spread(Duration interval) {
        long tenth = interval.toNanos() / 10;
        return interval.toNanos() - tenth + random.nextLong(2 * tenth + 1);
    }

    private static long left(long deadline) {
        return Math.max(0, deadline - System.nanoTime());
    }
}
