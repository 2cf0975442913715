package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A job of the lowest pool against one of the highest, on the same daemon and engine at the same
 * time. Each try must fail for the reason that is meant to stop it. Needs an engine on this host,
 * the docker command line and the agent image.
 */
@Timeout(180)
class AttackerIT {

    private static final Pattern READY = Pattern.compile("\nready ([0-9.]+) (\\S+)\n");
    private static final String CANARY = "canary-of-the-release-pool";

    @TempDir private static Path directory;

    private static Installation installation;
    private static Daemon daemon;
    private static Jobs jobs;
    private static Engine engine;
    private static String idle;
    private static String root;
    private static JobId victim;
    private static String victimAddress;
    private static String dbOfVictim;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        installation = new Installation(directory, 3, "drain_timeout: 1s");
        Files.writeString(
                installation.config(),
                Files.readString(installation.config())
                        .replace("{name: trusted,", "{name: trusted, user: image,"));
        installation.secret("deploy-key", CANARY, "trusted");
        engine = new Engine();
        idle = Engine.idleImage(directory);
        root = rootImage();
        daemon = Daemon.start(installation.settings());
        jobs = installation.jobs();
        victim =
                jobs.submit(
                        """
                        pool: trusted
                        network: full
                        secrets: {DEPLOY_KEY: {ref: deploy-key, variable: true}}
                        services: [{image: "%s", alias: db}]
                        script:
                          - exec 2>&1
                          - |
                            perl -MSocket -e '
                              socket(S, PF_INET, SOCK_DGRAM, 0) and bind(S, sockaddr_in(9999, INADDR_ANY)) or die $!;
                              setsockopt(S, IPPROTO_IP, 35, inet_aton("239.1.2.3") . INADDR_ANY) or die $!;
                              $| = 1; while (recv(S, my $text, 100, 0)) { print "heard $text\\n" }' &
                          - git daemon --listen=0.0.0.0 --port=8000 --base-path=/tmp --reuseaddr --detach --pid-file=/tmp/pid
                          - until (exec 3<>"/dev/tcp/$(hostname -i)/8000") 2>/dev/null; do sleep 0.1; done
                          - echo "ready $(hostname -i) $(getent hosts db | cut -d' ' -f1)"
                          - while sleep 0.2; do test -e /workspace/src/never && break; done
                        """
                                .formatted(idle));
        jobs.printed(victim, "\nready ");
        Matcher said = READY.matcher(jobs.output(victim));
        assertThat(said.find()).isTrue();
        victimAddress = said.group(1);
        dbOfVictim = said.group(2);
    }

    /** As hostile as an image can be in a pool that lets its images be root. */
    private static String rootImage() throws IOException, InterruptedException {
        Path context = Files.createDirectory(directory.resolve("root-image"));
        Files.writeString(
                context.resolve("Dockerfile"),
                "FROM %s\nUSER root\n".formatted(Installation.AGENT_IMAGE));
        String image =
                ("mayfly-test-root-" + directory.getFileName() + ":1").toLowerCase(Locale.ROOT);
        Engine.docker("build", "--quiet", "--tag", image, context.toString());
        return image;
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        String heard = jobs.output(victim);
        boolean ran = jobs.client().get(victim).state().phase() == JobPhase.RUNNING;
        jobs.client().cancel(victim, "over");
        jobs.ended(victim);
        jobs.close();
        daemon.drain();
        daemon.close();
        Engine.docker("rmi", idle, root);
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
        assertThat(ran).as("the victim ran all the time").isTrue();
        assertThat(heard).as("what the victim heard").doesNotContain("heard ");
    }

    private static final String NON_ROOT = "pool: untrusted";

    private static String asRoot() {
        return "pool: trusted\nnetwork: none\nimage: \"%s\"".formatted(root);
    }

    private static String head(String user) {
        return user.equals("root") ? asRoot() : NON_ROOT;
    }

    /** Runs lines, and returns what was said of each try: {@code name: reason}. */
    private static Map<String, String> tries(String head, String... lines)
            throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        head
                                + "\nscript:\n  - |\n"
                                + Arrays.stream(lines)
                                        .flatMap(String::lines)
                                        .map(line -> "    " + line + "\n")
                                        .collect(Collectors.joining()));
        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
        return job.output()
                .lines()
                .filter(line -> line.startsWith("try "))
                .map(line -> line.substring(4).split(": ", 2))
                .collect(
                        Collectors.toMap(
                                one -> one[0], one -> one[1], (_, last) -> last, TreeMap::new));
    }

    private static String perl(String program) {
        return """
        cat >/tmp/attack.pl <<'END'
        use Socket;
        $| = 1;
        require 'syscall.ph';
        sub tell_of { print "try $_[0]: ", ($_[1] ? "DONE" : "$!"), "\\n" }
        sub call { my ($name, @rest) = @_; my $number = &{"SYS_$name"}(); $! = 0;
                   tell_of($name, syscall($number, @rest) >= 0) }
        %s
        END
        perl /tmp/attack.pl
        """
                .formatted(program);
    }

    private static final String DENIED = "Operation not permitted";

    // -- kernel, host and agent

    @ParameterizedTest
    @ValueSource(strings = {"ordinary user", "root"})
    void callsThatLeadOutOfAContainerAreNotPermitted(String user)
            throws IOException, InterruptedException {
        Map<String, String> said =
                tries(
                        head(user),
                        perl(
                                """
                                my $text = "x" x 4096;
                                call('keyctl', 0, -3, 0); call('keyctl', 11, 1, $text, 4096);
                                call('add_key', "user", "stolen", $text, 10, -3);
                                call('request_key', "user", "stolen", 0, -3);
                                call('perf_event_open', $text, 1, -1, -1, 0);
                                call('bpf', 0, $text, 48);
                                call('mount', "none", "/tmp", "tmpfs", 0, 0);
                                call('umount2', "/run/secrets", 2);
                                call('pivot_root', "/tmp", "/tmp");
                                call('unshare', 0x10000000);
                                call('unshare', 0x00020000);
                                call('setns', 0, 0);
                                call('open_by_handle_at', 3, $text, 0);
                                call('init_module', $text, 10, "");
                                call('finit_module', 0, "", 0);
                                call('delete_module', "x", 0);
                                call('kexec_load', 0, 0, 0, 0);
                                call('reboot', 0xfee1dead, 672274793, 0, 0);
                                call('swapon', "/tmp/x", 0);
                                call('settimeofday', $text, 0);
                                call('acct', "/tmp/x");
                                call('userfaultfd', 0);
                                call('syslog', 3, $text, 4096);
                                call('ptrace', 16, 1, 0, 0);
                                my $here = pack("PQ", $text, 8); my $there = pack("QQ", 4096, 8);
                                call('process_vm_readv', 1, $here, 1, $there, 1, 0);
                                call('process_vm_writev', 1, $here, 1, $there, 1, 0);
                                """));
        assertThat(said)
                .hasSizeGreaterThan(20)
                .allSatisfy((call, reason) -> assertThat(reason).as(call).isEqualTo(DENIED));
    }

    private static final String FILES =
            """
            look() { # whether a file says anything: an empty one has been covered
              if ! said=$(head -c 64 "$1" 2>&1 | tr -d '\\0'); then said="$said"; fi
              case $said in '') echo "try read $1: empty";; head:*) echo "try read $1: ${said##*: }";; *) echo "try read $1: DONE";; esac
            }
            put() { # in a shell of its own, which a failed redirection ends
              said=$( (echo "${2:-1}" >"$1") 2>&1 ) && said='x: DONE'
              echo "try write $1: ${said##*: }"
            }
            """;

    @ParameterizedTest
    @ValueSource(strings = {"ordinary user", "root"})
    void filesOfTheKernelNeitherTellOfTheHostNorChangeIt(String user)
            throws IOException, InterruptedException {
        Map<String, String> said =
                tries(
                        head(user),
                        "set +e",
                        FILES,
                        """
                        for file in /proc/kcore /proc/keys /proc/timer_list /proc/1/environ /proc/1/mem /proc/1/root/etc/shadow-of-nobody \\
                            /proc/kmsg /dev/mem /dev/kmsg /dev/vda /dev/sda /proc/1/fd/0 /proc/1/maps /proc/1/stack /proc/1/syscall /run/docker.sock /proc/1/cwd/x; do look $file; done
                        for file in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /proc/sys/vm/panic_on_oom \\
                            /proc/sys/kernel/hostname /proc/sys/net/ipv4/ip_forward /sys/kernel/uevent_helper \\
                            /sys/fs/cgroup/memory/release_agent /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory/cgroup.procs \\
                            /proc/sys/fs/binfmt_misc/register /opt/mayfly/mayfly-agent; do put $file; done
                        # With version 1 of cgroups this directory is a tmpfs of the container's own, where files are files.
                        test "$(stat -f -c %T /sys/fs/cgroup)" = tmpfs || for file in release_agent memory.max cgroup.procs; do put /sys/fs/cgroup/$file; done
                        true
                        """);
        assertThat(said)
                .hasSizeGreaterThan(25)
                .allSatisfy((file, reason) ->
                        assertThat(reason)
                                .as(file)
                                .isIn(
                                        "Permission denied",
                                        DENIED,
                                        "Read-only file system",
                                        "No such file or directory",
                                        "empty"))
                .containsEntry("read /proc/1/mem", "Permission denied")
                .containsEntry("read /proc/1/environ", "Permission denied")
                .containsEntry("write /proc/sys/kernel/core_pattern", "Read-only file system");
    }

    @Test
    void otherJobsProcessesSocketsAndMemoryAreNotSeen() throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        asRoot()
                                + """

                                script:
                                  - cat /proc/[0-9]*/cmdline | tr '\\0' ' '; echo
                                  - cat /proc/net/unix /proc/net/tcp /proc/net/udp /proc/sysvipc/shm /proc/mounts
                                  - cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sort -u || true
                                  - for pid in $(seq 2 400); do kill -0 $pid 2>/dev/null && echo "process $(cat /proc/$pid/comm)"; done; true
                                """);
        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
        assertThat(job.output())
                .contains("mayfly-agent --deadline")
                .doesNotContain(
                        "git daemon", "perl", CANARY, victim.value(), "DEPLOY_KEY", "dockerd")
                .doesNotContainPattern("docker\\.sock|api\\.sock");
        // Of processes there are the shell and what it has just started.
        assertThat(job.output().lines().filter(line -> line.startsWith("process ")))
                .allMatch(line -> line.matches("process (bash|sh|seq|cat|\\s*)"));
    }

    // -- network

    @ParameterizedTest
    @ValueSource(strings = {"ordinary user", "root"})
    void framesAndAddressesCannotBeForged(String user) throws IOException, InterruptedException {
        Map<String, String> said =
                tries(
                        head(user) + "\nservices: [{image: \"%s\", alias: own}]".formatted(idle),
                        perl(
                                """
                                tell_of('ARP and NDP frames', socket(my $a, 17, SOCK_RAW, 0x0300));
                                tell_of('cooked frames', socket(my $b, 17, SOCK_DGRAM, 0x0300));
                                tell_of('ICMP packets', socket(my $c, PF_INET, SOCK_RAW, 1));
                                tell_of('IP packets', socket(my $d, PF_INET, SOCK_RAW, 255));
                                socket(my $u, PF_INET, SOCK_DGRAM, 0) or die $!;
                                tell_of('another address of the network', bind($u, sockaddr_in(9, inet_aton("VICTIM"))));
                                tell_of('transparent sockets', setsockopt($u, 0, 19, pack("i", 1)));
                                my $ifreq = pack("Z16 S n a4 x8", "eth0", AF_INET, 0, inet_aton("VICTIM"));
                                tell_of('setting an address', ioctl($u, 0x8916, $ifreq));
                                my $arp = pack("S n a4 x8 S a14 i S a14 Z16", AF_INET, 0, inet_aton("VICTIM"), 1, "evil!!", 4, 0, "", "eth0");
                                tell_of('setting a neighbour', ioctl($u, 0x8955, $arp));
                                my $flags = pack("Z16 s x14", "eth0", 0x1 | 0x100);
                                tell_of('promiscuous mode', ioctl($u, 0x8914, $flags));
                                tell_of('a tunnel device', open(my $t, "+<", "/dev/net/tun"));
                                socket(my $f, PF_INET, SOCK_DGRAM, 0) or die $!;
                                setsockopt($f, 0, 15, pack("i", 1)) or die $!;
                                bind($f, sockaddr_in(0, inet_aton("VICTIM"))) or die $!;
                                tell_of('sending from it all the same', send($f, "x", 0, sockaddr_in(9999, inet_aton("own"))));
                                """
                                        .replace("VICTIM", victimAddress)));
        assertThat(said)
                .containsEntry("ARP and NDP frames", DENIED)
                .containsEntry("cooked frames", DENIED)
                .containsEntry("ICMP packets", DENIED)
                .containsEntry("IP packets", DENIED)
                .containsEntry("another address of the network", "Cannot assign requested address")
                .containsEntry("transparent sockets", DENIED)
                .containsEntry("setting an address", DENIED)
                .containsEntry("setting a neighbour", DENIED)
                .containsEntry("promiscuous mode", DENIED)
                .containsEntry("a tunnel device", "No such file or directory")
                .hasEntrySatisfying(
                        "sending from it all the same",
                        reason ->
                                assertThat(reason)
                                        .isIn("Invalid argument", "Network is unreachable"));
    }

    @Test
    void otherJobsNetworkIsNotThereToBeScannedOrSpokenTo()
            throws IOException, InterruptedException {
        String probe =
                perl(
                        """
                        sub udp { my ($name, $to) = @_; socket(my $s, PF_INET, SOCK_DGRAM, 0) or die $!;
                          setsockopt($s, SOL_SOCKET, SO_BROADCAST, 1); setsockopt($s, IPPROTO_IP, 33, pack("i", 8));
                          tell_of($name, send($s, "packet of the attacker", 0, sockaddr_in(9999, inet_aton($to)))) }
                        udp('a datagram', "VICTIM"); udp('multicast', "239.1.2.3"); udp('broadcast', "NETWORK.255"); udp('everywhere', "255.255.255.255");
                        for my $last (1 .. 6) { socket(my $s, PF_INET, SOCK_STREAM, 0) or die $!;
                          setsockopt($s, SOL_SOCKET, 21, pack("qq", 1, 0));
                          tell_of("connecting to .$last", connect($s, sockaddr_in(8000, inet_aton("NETWORK.$last")))) }
                        """
                                .replace("VICTIM", victimAddress)
                                .replace(
                                        "NETWORK",
                                        victimAddress.substring(
                                                0, victimAddress.lastIndexOf('.'))));
        String unreachable = "Network is unreachable";

        assertThat(tries(NON_ROOT, probe))
                .hasSize(10)
                .allSatisfy((name, reason) -> assertThat(reason).as(name).isEqualTo(unreachable));
        assertThat(
                        tries(
                                        NON_ROOT
                                                + "\nservices: [{image: \"%s\", alias: db}]"
                                                        .formatted(idle),
                                        probe)
                                .entrySet())
                .as("from a network of its own, where nobody answers for the victim's addresses")
                .hasSize(10)
                .filteredOn(one -> one.getKey().startsWith("connecting"))
                .allSatisfy(
                        one -> assertThat(one.getValue()).isEqualTo("Operation now in progress"));
    }

    @Test
    void namesOfTheVictimAndItsServersLeadToTheAttackersOwnContainers()
            throws IOException, InterruptedException {
        String container = "mayfly-" + victim + "-job";
        String stolen =
                List.of("db", "registry", "proxy", "gitlab", "vault", container).stream()
                        .map("{image: \"%s\", alias: %%s}".formatted(idle)::formatted)
                        .collect(Collectors.joining(", ", "services: [", "]"));
        Jobs.Ended named =
                jobs.run(
                        NON_ROOT
                                + "\n"
                                + stolen
                                + "\nscript: ['for name in db %s; do getent hosts $name; done']"
                                        .formatted(container));
        Jobs.Ended plain =
                jobs.run(
                        NON_ROOT
                                + "\nservices: [{image: \"%s\", alias: own}]\nscript: ['for name in db %s %s; do timeout 10 getent hosts $name || echo nobody is $name; done']"
                                        .formatted(
                                                idle,
                                                container,
                                                container.replace("-job", "-service-0")));

        assertThat(named.outcome()).as("%s", named).isEqualTo(new Outcome.Passed());
        assertThat(named.output()).doesNotContain(victimAddress, dbOfVictim);
        assertThat(plain.output())
                .contains("nobody is db", "nobody is " + container)
                .doesNotContain(victimAddress, dbOfVictim);
    }

    // -- secrets

    @Test
    void secretOfAHigherPoolIsRefusedByNameBeforeAnythingIsMade()
            throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        "pool: untrusted\nsecrets: {KEY: deploy-key}\nscript: ['cat /run/secrets/KEY']");

        assertThat(job.outcome()).as("%s", job).isInstanceOf(Outcome.Faulted.class);
        assertThat(((Outcome.Faulted) job.outcome()).fault()).isEqualTo(Fault.SECRET);
        assertThat(job.toString()).contains("deploy-key", "pool untrusted").doesNotContain(CANARY);
        assertThat(engine.containersOf(job.job().id().value())).isEmpty();
    }

    @Test
    void daemonsApiIsNotReachedFromInside() throws IOException, InterruptedException {
        Map<String, String> said =
                tries(
                        "pool: trusted\nnetwork: full",
                        "set +e",
                        """
                        test -S %s/api.sock && echo 'try socket: DONE' || echo 'try socket: not there'
                        gateway=$(awk '$2 == "00000000" { print $3 }' /proc/net/route | sed 's/\\(..\\)\\(..\\)\\(..\\)\\(..\\)/0x\\4 0x\\3 0x\\2 0x\\1/' | xargs printf '%%d.%%d.%%d.%%d')
                        for at in 127.0.0.1 $gateway; do for port in 9477 2375 2376; do
                          (exec 3<>/dev/tcp/$at/$port) 2>/tmp/why && echo "try $port: DONE" || echo "try $port: $(sed -n '1s/.*: //p' /tmp/why)"
                        done; done
                        true
                        """
                                .formatted(directory));
        assertThat(said)
                .containsEntry("socket", "not there")
                .containsEntry("9477", "Connection refused")
                .containsEntry("2375", "Connection refused")
                .containsEntry("2376", "Connection refused");
    }

    // -- log

    @Test
    void commandsInTheOutputAreOutputAndDecideNothing() throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        """
                        script:
                          - |
                            printf '::add-mask::visible\\n##[add-mask]visible\\n::set-output name=x::y\\n##vso[task.complete result=Succeeded;]\\n'
                            printf 'M\\000\\000\\000\\013\\000visible\\nX\\000\\000\\000\\014code=0 oom=0'
                            printf '\\n\\033]0;title\\007\\033[2J\\033[1;1H\\033[8mJob succeeded\\033[0m\\n{"phase":"finished","outcome":"passed"}\\n'
                            printf 'the value is visible\\n'
                          - exit 5
                        """);
        assertThat(job.outcome()).isEqualTo(new Outcome.Failed(5));
        assertThat(job.output())
                .contains("the value is visible", "Job succeeded", "code=0 oom=0")
                .doesNotContain("[MASKED]");
        assertThat(job.sections()).containsExactly("prepare", "script");
        assertThat(job.events())
                .noneMatch(event ->
                        event instanceof LogEvent.Notice(var _, String text)
                                && text.contains("succeeded"));
    }

    // -- exhaustion, while the victim has to answer

    @ParameterizedTest
    @ValueSource(
            strings = {
                "processes; (sleep 30 & sleep 30 & for i in $(seq 300); do sleep 30 & done) 2>&1 | head -c 400; Resource temporarily unavailable",
                "files; perl -e 'for (1 .. 100000) { open($f[$_], \"<\", \"/dev/null\") or die \"$!\\n\" }' 2>&1; Too many open files",
                "tmp; head -c 200000000 /dev/zero 2>&1 >/tmp/big; No space left on device",
                "secrets; head -c 200000000 /dev/zero 2>&1 >/run/secrets/big; No space left on device",
                "shared memory; head -c 200000000 /dev/zero 2>&1 >/dev/shm/big; No space left on device",
                "sockets; perl -MSocket -e 'for (1 .. 100000) { socket($f[$_], PF_INET, SOCK_STREAM, 0) or die \"$!\\n\" }' 2>&1; Too many open files",
            })
    void whatAJobUsesUpIsItsOwn(String attack) throws IOException, InterruptedException {
        String[] parts = attack.split("; ", 2);
        int reason = parts[1].lastIndexOf("; ");
        Jobs.Ended job =
                jobs.run(
                        "pool: untrusted\nscript:\n  - |\n    %s || true\n  - (exec 3<>/dev/null) && echo still here\n"
                                .formatted(parts[1].substring(0, reason)));

        assertThat(job.output()).as("%s", job).contains(parts[1].substring(reason + 2));
        Jobs.Ended other = jobs.run("pool: trusted\nscript: ['sleep 0.1 | cat; echo served']");
        assertThat(other.outcome()).as("%s", other).isEqualTo(new Outcome.Passed());
    }

    @Test
    void memoryThatAJobUsesUpEndsThatJobWithItsReason() throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        """
                        pool: untrusted
                        resources: {memory: 64MiB}
                        script: ['perl -e "\\$x .= q(x) x 1000000 while 1"']
                        """);
        assertThat(job.outcome()).as("%s", job).isInstanceOf(Outcome.OutOfMemory.class);
    }
}
