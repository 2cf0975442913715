package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.OtherEngine;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.StepEnd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The profiles in {@code config/}: what a build needs works, what was taken away fails. Needs an
 * engine on an x86-64 host, the agent image and apparmor_parser.
 */
@Timeout(120)
class ShippedProfilesIT {

    private static final Path CONFIG = Path.of("..", "config");
    private static final Fixture FIXTURE = new Fixture();
    private static final int NOT_PERMITTED = 1;
    private static final int NOT_KNOWN = 38;

    /** Calls that the profile takes away, by their numbers on x86-64. */
    private static final Map<String, Integer> TAKEN =
            Map.ofEntries(
                    Map.entry("io_uring_setup", 425),
                    Map.entry("io_uring_enter", 426),
                    Map.entry("io_uring_register", 427),
                    Map.entry("userfaultfd", 323),
                    Map.entry("bpf", 321),
                    Map.entry("perf_event_open", 298),
                    Map.entry("add_key", 248),
                    Map.entry("request_key", 249),
                    Map.entry("keyctl", 250),
                    Map.entry("unshare", 272),
                    Map.entry("setns", 308),
                    Map.entry("mount", 165),
                    Map.entry("umount2", 166),
                    Map.entry("pivot_root", 155),
                    Map.entry("open_tree", 428),
                    Map.entry("move_mount", 429),
                    Map.entry("fsopen", 430),
                    Map.entry("fsconfig", 431),
                    Map.entry("fsmount", 432),
                    Map.entry("fspick", 433),
                    Map.entry("mount_setattr", 442),
                    Map.entry("ptrace", 101),
                    Map.entry("process_vm_readv", 310),
                    Map.entry("process_vm_writev", 311),
                    Map.entry("kcmp", 312),
                    Map.entry("pidfd_getfd", 438),
                    Map.entry("name_to_handle_at", 303),
                    Map.entry("open_by_handle_at", 304),
                    Map.entry("fanotify_init", 300),
                    Map.entry("modify_ldt", 154),
                    Map.entry("memfd_secret", 447),
                    Map.entry("init_module", 175),
                    Map.entry("finit_module", 313),
                    Map.entry("kexec_load", 246),
                    Map.entry("swapon", 167),
                    Map.entry("acct", 163),
                    Map.entry("quotactl", 179),
                    Map.entry("chroot", 161),
                    Map.entry("syslog", 103),
                    Map.entry("iopl", 172));

    @AfterAll
    static void close() throws InterruptedException {
        FIXTURE.close();
    }

    private static String profile() throws IOException {
        return Files.readString(CONFIG.resolve("seccomp/job.json"));
    }

    private static SandboxSpec with(String profile) {
        return Fixture.with(FIXTURE.spec(), new Hardening(true, Hardening.User.NON_ROOT, profile));
    }

    /** What each call answers in a job: an error's number, or 0. */
    private static Map<String, Integer> answers(String profile) throws InterruptedException {
        StringBuilder script = new StringBuilder();
        new TreeMap<>(TAKEN)
                .forEach((name, number) ->
                        script.append(
                                "sub { print '%s ', (syscall(%d, 0, 0, 0, 0, 0, 0) == -1 ? $!+0 : 0), qq(\\n) }->();\n"
                                        .formatted(name, number)));
        // A new user name space, by clone and by clone3, and families of sockets.
        script.append(
                """
                print 'clone ', (syscall(56, 0x10000000, 0, 0, 0, 0) == -1 ? $!+0 : 0), qq(\\n);
                print 'clone3 ', (syscall(435, 0, 0) == -1 ? $!+0 : 0), qq(\\n);
                for my $f (17, 38, 40) {
                  print "socket$f ", (syscall(41, $f, 3, 0) == -1 ? $!+0 : 0), qq(\\n);
                }
                """);
        SandboxSpec spec = with(profile);
        Map<String, Integer> answers = new TreeMap<>();
        try {
            Sandbox sandbox = FIXTURE.create(spec);
            Fixture.Result result =
                    Fixture.run(
                            sandbox,
                            "cat > /tmp/calls.pl <<'END'",
                            script + "END",
                            "perl /tmp/calls.pl");
            result.output()
                    .lines()
                    .forEach(line ->
                            answers.put(
                                    line.split(" ", 2)[0],
                                    Integer.parseInt(line.split(" ", 2)[1])));
        } finally {
            FIXTURE.destroy(spec.job());
        }
        return answers;
    }

    @Test
    void whatTheSeccompProfileTakesAwayFailsInAJob() throws Exception {
        Map<String, Integer> strict = answers(profile());
        assertThat(strict).containsKeys(TAKEN.keySet().toArray(String[]::new));
        assertThat(strict).hasSize(TAKEN.size() + 5).containsEntry("clone3", NOT_KNOWN);
        strict.remove("clone3");
        assertThat(strict.values()).containsOnly(NOT_PERMITTED);
        // With the engine's own profile it is not all the same.
        assertThat(answers(""))
                .hasEntrySatisfying(
                        "ptrace", answer -> assertThat(answer).isNotEqualTo(NOT_PERMITTED));
    }

    @Test
    void ordinaryBuildToolsWorkWithTheSeccompProfile() throws Exception {
        SandboxSpec spec = with(profile());
        try {
            Sandbox sandbox = FIXTURE.create(spec);
            Fixture.Result result =
                    Fixture.run(
                            sandbox,
                            "set -e",
                            "mkdir -p /workspace/src/p && cd /workspace/src/p",
                            "git init -q . && git config user.email a@example.org",
                            "git config user.name a",
                            "printf '#include <pthread.h>\\n#include <stdio.h>\\nvoid *f(void *p) {"
                                    + " return p; }\\nint main(void) { pthread_t t;"
                                    + " pthread_create(&t, 0, f, 0); pthread_join(t, 0);"
                                    + " puts(\"threads\"); }\\n' > m.c",
                            "printf 'm: m.c\\n\\tgcc -O2 -pthread -o m m.c\\n' > Makefile",
                            "make -j2 -s && ./m",
                            "git add . && git commit -qm one && git log --oneline | wc -l",
                            "tar cz . | tar tz | wc -l",
                            "sha256sum m.c | cut -c1-4 | wc -c",
                            "perl -e 'print \"perl\\n\"'",
                            "mkfifo /tmp/f && (echo fifo > /tmp/f &) && cat /tmp/f",
                            "find . -name m.c | xargs ls",
                            "timeout 5 sleep 0.1",
                            "curl --version | head -c 4");
            assertThat(result.output()).contains("threads\n1\n", "perl\nfifo\n./m.c\ncurl");
            assertThat(result.end()).isEqualTo(new StepEnd.Exited(0));
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void appArmorProfileIsOneForItsParser(@TempDir Path folder) throws Exception {
        Path shipped = CONFIG.resolve("apparmor/mayfly-job");
        parse(shipped);
        Path broken =
                Files.writeString(
                        folder.resolve("broken"),
                        Files.readString(shipped).replace("deny mount,", "deny mouth,"));
        assertThatThrownBy(() -> parse(broken)).isInstanceOf(AssertionError.class);
    }

    private static void parse(Path profile) throws IOException, InterruptedException {
        OtherEngine.run(List.of("/usr/sbin/apparmor_parser", "-Q", "-T", "-K", profile.toString()));
    }
}
