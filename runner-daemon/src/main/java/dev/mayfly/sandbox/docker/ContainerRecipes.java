package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.RestartPolicy;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.VolumeOptions;
import dev.mayfly.job.Places;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Decides how each container of one job is confined. Pure: the whole hardening can be read, and
 * tested, here.
 */
final class ContainerRecipes {

    /** What {@link Hardening.User#NON_ROOT} makes of an image whose user is root. */
    static final String ORDINARY_USER = "1000:1000";

    /** The agent in its own image, and its commands in every other. */
    private static final String AGENT_HOME = "/opt/mayfly";

    private static final String HELPER_USER = "0:0";
    private static final String RELAY_USER = "65534:65534";

    /** Windows of all connections, and what the kernel holds for them. */
    private static final SandboxLimits RELAY_LIMITS =
            new SandboxLimits(256L << 20, 1, 8, 2048, 1 << 20);

    /** Hard links are what it must remember; the disk is mostly what it waits for. */
    private static final SandboxLimits GAUGE_LIMITS =
            new SandboxLimits(256L << 20, 1, 16, 256, 1 << 20);

    private static final long DELIVERY_BYTES = 8L << 20;
    private static final long SHARED_MEMORY_BYTES = 64L << 20;
    private static final long MESSAGE_QUEUE_BYTES = 819_200;
    private static final long PENDING_SIGNALS = 16_384;
    private static final long LOCKED_BYTES = 8L << 20;

    /** Each file of a tmpfs is a kilobyte of kernel memory, which counts as the container's. */
    private static final long DELIVERY_FILES = 4096;

    private static final long TMP_FILE_SHARE = 8192;
    private static final int FULL_WEIGHT = 1024;
    private static final int LONGEST_HOST_NAME = 63;
    private static final double NANOS = 1e9;

    /**
     * What root in a job or a service keeps, because images whose user is root expect to install
     * packages and to start servers that change to another user. Each is confined to the
     * container's own files and processes, and without each something ordinary was seen to fail in
     * a Debian image:
     *
     * <ul>
     *   <li>{@code CHOWN}: {@code apt-get install}, {@code tar}, {@code adduser} set owners
     *   <li>{@code DAC_OVERRIDE}: {@code apt-get update} works in a directory of its own user
     *   <li>{@code FOWNER}: {@code tar} and {@code touch} set mode and times of others' files
     *   <li>{@code FSETID}: packages keep their set-group-id bits; lost silently without it
     *   <li>{@code SETUID}, {@code SETGID}: {@code su}, {@code apt-get} and database servers change
     *       to an ordinary user
     *   <li>{@code KILL}: root, the agent too, ends processes of those users
     * </ul>
     */
    private static final Capability[] OF_ROOT = {
        Capability.CHOWN,
        Capability.DAC_OVERRIDE,
        Capability.FOWNER,
        Capability.FSETID,
        Capability.KILL,
        Capability.SETGID,
        Capability.SETUID
    };

    /**
     * What the agent keeps in the helper, where it is root so that it can hand the workspace to the
     * job's user ({@code CHOWN}), make directories in it afterwards ({@code DAC_OVERRIDE}), run git
     * as that user ({@code SETUID}, {@code SETGID}) and end it ({@code KILL}). Unless the job's
     * user is root, the steps themselves have none of it.
     */
    private static final Capability[] OF_HELPER = {
        Capability.CHOWN,
        Capability.DAC_OVERRIDE,
        Capability.KILL,
        Capability.SETGID,
        Capability.SETUID
    };

    private final SandboxSpec spec;
    private final EngineImage agentImage;
    private final boolean agentInVolume;
    private final DeliveryOwners owners;

    /**
     * Where the agent is started from in other images. A volume that an image declares is mounted
     * where its path leads to, so over any path that the image's author knows.
     */
    private final String hidden = "/.mayfly-" + UUID.randomUUID();

    /**
     * Decides for one job.
     *
     * @param agentImage the image that holds the agent
     * @param agentInVolume whether the job has a volume that carries the agent
     * @param owners what is known of the users of images
     */
    ContainerRecipes(
            SandboxSpec spec,
            EngineImage agentImage,
            boolean agentInVolume,
            DeliveryOwners owners) {
        this.spec = spec;
        this.agentImage = agentImage;
        this.agentInVolume = agentInVolume;
        this.owners = owners;
    }

    /** The container of the script. */
    ContainerRecipe job(EngineImage image, Networking networking) {
        String user = user(image);
        HostConfig host =
                confined(networking, kept(image))
                        .withReadonlyRootfs(spec.hardening().readOnlyRoot())
                        .withTmpFs(withTmp(image, user))
                        .withMounts(mounts(image, true));
        return new ContainerRecipe(
                Role.JOB.nameFor(spec.job()),
                image.id(),
                agent(image),
                user,
                new ContainerRecipe.Place("job", List.of(), networking.networked()),
                host);
    }

    /**
     * The container of the agent image that fills the workspace. Creating it, without starting it,
     * is also what makes the engine copy the agent into the job's volume.
     */
    ContainerRecipe helper(Networking networking) {
        HostConfig host =
                confined(networking, OF_HELPER)
                        .withReadonlyRootfs(true)
                        .withTmpFs(withTmp(agentImage, HELPER_USER))
                        .withMounts(mounts(agentImage, true));
        return new ContainerRecipe(
                Role.HELPER.nameFor(spec.job()),
                agentImage.id(),
                agent(agentImage),
                HELPER_USER,
                new ContainerRecipe.Place("helper", List.of(), networking.networked()),
                host);
    }

    /**
     * The container of the agent image that reads what the job has left, when nothing of the job
     * runs any more. Where the job's user is root, {@code DAC_OVERRIDE} lets it read what other
     * users of the job's container have left; it cannot write to any of it.
     */
    ContainerRecipe reader() {
        Networking none = new Networking.Disabled();
        HostConfig host =
                confined(none, OF_HELPER)
                        .withReadonlyRootfs(true)
                        .withTmpFs(withTmp(agentImage, HELPER_USER))
                        .withMounts(
                                List.of(
                                        volume(Role.WORKSPACE, Places.WORKSPACE, true)
                                                .withReadOnly(true)));
        return new ContainerRecipe(
                Role.READER.nameFor(spec.job()),
                agentImage.id(),
                agent(agentImage),
                HELPER_USER,
                new ContainerRecipe.Place("reader", List.of(), none.networked()),
                host);
    }

    /**
     * The container of the agent image that stands between a network without a way out and the
     * daemon. Nothing of the job is in it, and its user is nobody else's; so it needs no runtime
     * but the engine's usual one, and few processes.
     */
    ContainerRecipe relay(String network) {
        HostConfig host =
                confined(RELAY_LIMITS, new Networking.Closed(network))
                        .withReadonlyRootfs(true)
                        .withSysctls(
                                Map.of(
                                        "net.ipv6.conf.all.disable_ipv6",
                                        "1",
                                        // The name server's port, without a capability for it.
                                        "net.ipv4.ip_unprivileged_port_start",
                                        "0"));
        return new ContainerRecipe(
                Role.RELAY.nameFor(spec.job()),
                agentImage.id(),
                agent(agentImage),
                RELAY_USER,
                new ContainerRecipe.Place("relay", List.of(), true),
                host);
    }

    /**
     * The container of the agent image that measures what the others hold on the disk. It sees that
     * from outside and cannot write to it; nothing of the job can see it. {@code DAC_OVERRIDE} lets
     * it look into directories of any user.
     *
     * @param held what the others hold, each to be mounted read-only
     */
    ContainerRecipe gauge(List<Mount> held) {
        Networking none = new Networking.Disabled();
        HostConfig host =
                confined(GAUGE_LIMITS, none, Capability.DAC_OVERRIDE)
                        .withReadonlyRootfs(true)
                        .withTmpFs(delivery(agentImage, HELPER_USER))
                        .withMounts(held);
        return new ContainerRecipe(
                Role.GAUGE.nameFor(spec.job()),
                agentImage.id(),
                agent(agentImage),
                HELPER_USER,
                new ContainerRecipe.Place("gauge", List.of(), none.networked()),
                host);
    }

    /**
     * The container of the agent image that looks at what the processes of another have open. It is
     * among these processes for a moment: they can end it, and cannot look into it, since it may
     * more than they. Not with an agent, which would end all processes that it sees.
     *
     * @param container whose processes they are
     */
    ContainerRecipe inspector(String container) {
        Networking none = new Networking.Disabled();
        HostConfig host =
                confined(GAUGE_LIMITS, none, Capability.DAC_OVERRIDE, Capability.SYS_PTRACE)
                        // Its answer is a file that the engine hands out afterwards.
                        .withReadonlyRootfs(false)
                        .withPidMode("container:" + container);
        return new ContainerRecipe(
                Role.INSPECTOR.nameFor(spec.job()),
                agentImage.id(),
                agent(agentImage),
                HELPER_USER,
                new ContainerRecipe.Place("inspector", List.of(), none.networked()),
                host);
    }

    /**
     * A service. Its root file system stays writable: servers write where they like, and the layer
     * goes with the container.
     *
     * @param index which of the job's services
     */
    ContainerRecipe service(int index, EngineImage image, Networking networking) {
        ServiceSpec service = spec.services().get(index);
        HostConfig host =
                confined(networking, kept(image))
                        .withReadonlyRootfs(false)
                        .withTmpFs(delivery(image, user(image)))
                        .withMounts(mounts(image, false));
        return new ContainerRecipe(
                Role.SERVICE.nameFor(spec.job(), index),
                image.id(),
                agent(image),
                user(image),
                new ContainerRecipe.Place(
                        hostName(service), service.aliases(), networking.networked()),
                host);
    }

    /** Host names are shorter than what others may call a container. */
    private static String hostName(ServiceSpec service) {
        return service.alias().length() > LONGEST_HOST_NAME ? "service" : service.alias();
    }

    private boolean demoted(EngineImage image) {
        return spec.hardening().user() == Hardening.User.NON_ROOT && image.runsAsRoot();
    }

    private String user(EngineImage image) {
        return demoted(image) ? ORDINARY_USER : image.user();
    }

    private Capability[] kept(EngineImage image) {
        return image.runsAsRoot() && !demoted(image) ? OF_ROOT : new Capability[0];
    }

    private HostConfig confined(Networking networking, Capability... kept) {
        HostConfig host = confined(spec.limits(), networking, kept);
        String runtime = spec.hardening().barrier().runtime();
        return runtime.isEmpty() ? host : host.withRuntime(runtime);
    }

    private HostConfig confined(SandboxLimits limits, Networking networking, Capability... kept) {
        HostConfig host =
                HostConfig.newHostConfig()
                        .withCapDrop(Capability.ALL)
                        .withSecurityOpts(securityOptions())
                        .withPrivileged(false)
                        .withMemory(limits.memoryBytes())
                        // Equal to memory: no swap, so the limit is the limit.
                        .withMemorySwap(limits.memoryBytes())
                        .withNanoCPUs(Math.round(limits.cpus() * NANOS))
                        .withCpuShares(Math.max(2, (int) Math.round(limits.cpus() * FULL_WEIGHT)))
                        .withPidsLimit((long) limits.pids())
                        .withUlimits(ulimits(limits))
                        .withIpcMode("private")
                        .withCgroupnsMode("private")
                        .withShmSize(SHARED_MEMORY_BYTES)
                        .withRestartPolicy(RestartPolicy.noRestart())
                        // Output goes to the attached daemon, which masks it, and nowhere else.
                        .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE))
                        .withAutoRemove(false)
                        .withPublishAllPorts(false)
                        // The agent is the init process.
                        .withInit(false);
        if (kept.length > 0) {
            host = host.withCapAdd(kept);
        }
        return networking.applied(host);
    }

    private static List<Ulimit> ulimits(SandboxLimits limits) {
        return List.of(
                ulimit("nofile", limits.openFiles()),
                // A core dump would write a process's memory to disk.
                ulimit("core", 0),
                // The others are the kernel's own defaults: an engine may have been started with
                // more.
                ulimit("msgqueue", MESSAGE_QUEUE_BYTES),
                ulimit("sigpending", PENDING_SIGNALS),
                ulimit("memlock", LOCKED_BYTES),
                ulimit("rtprio", 0),
                ulimit("nice", 0));
    }

    private static Ulimit ulimit(String name, long most) {
        return new Ulimit(name, most, most);
    }

    private List<String> securityOptions() {
        List<String> options = new ArrayList<>(List.of("no-new-privileges"));
        if (!spec.hardening().seccompProfile().isEmpty()) {
            options.add("seccomp=" + spec.hardening().seccompProfile());
        }
        if (!spec.hardening().barrier().appArmorProfile().isEmpty()) {
            options.add("apparmor=" + spec.hardening().barrier().appArmorProfile());
        }
        return options;
    }

    private Map<String, String> withTmp(EngineImage image, String user) {
        Map<String, String> mounts = new LinkedHashMap<>(delivery(image, user));
        // Programs are executed from /tmp by build tools: go test, configure, native libraries.
        mounts.put(
                "/tmp",
                "rw,exec,nosuid,nodev,mode=1777,size="
                        + spec.limits().tmpBytes()
                        + ",nr_inodes="
                        + spec.limits().memoryBytes() / TMP_FILE_SHARE);
        return mounts;
    }

    /** Where the agent puts a step's script and files. */
    private Map<String, String> delivery(EngineImage image, String user) {
        OptionalInt owner = owners.of(image.id(), new ContainerUser(user));
        String options =
                "rw,noexec,nosuid,nodev,mode=1777,size="
                        + DELIVERY_BYTES
                        + ",nr_inodes="
                        + DELIVERY_FILES
                        + (owner.isPresent() ? ",uid=" + owner.getAsInt() : "");
        return DeliveryOwners.PLACES.stream().collect(Collectors.toMap(at -> at, _ -> options));
    }

    private List<Mount> mounts(EngineImage image, boolean withWorkspace) {
        // Only the agent image may fill a volume with what it has at that path.
        boolean empty = !isAgents(image);
        List<Mount> mounts = new ArrayList<>();
        if (agentInVolume) {
            mounts.add(volume(Role.AGENT, AGENT_HOME, empty).withReadOnly(true));
        }
        if (!isAgents(image)) {
            mounts.add(volume(Role.AGENT, hidden, true).withReadOnly(true));
        }
        if (withWorkspace) {
            mounts.add(volume(Role.WORKSPACE, Places.WORKSPACE, empty));
        }
        return mounts;
    }

    private boolean isAgents(EngineImage image) {
        return image.id().equals(agentImage.id());
    }

    private String agent(EngineImage image) {
        return (isAgents(image) ? AGENT_HOME : hidden) + "/mayfly-agent";
    }

    private Mount volume(Role role, String target, boolean empty) {
        return new Mount()
                .withType(MountType.VOLUME)
                .withSource(role.nameFor(spec.job()))
                .withTarget(target)
                .withVolumeOptions(new VolumeOptions().withNoCopy(empty));
    }
}
