package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.ImageTerms;
import dev.mayfly.sandbox.Outlet;
import dev.mayfly.sandbox.Outlet.Origin;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The making of one job's environment, top to bottom. Used once. */
final class Construction {

    private final SandboxSpec spec;
    private final ImageStore images;
    private final DeliveryOwners owners;
    private final Containers containers;
    private final Disposer disposer;
    private final DiskWatches watches;
    private final DockerSettings settings;
    private final Notices notices;
    private Networking checkout = new Networking.Disabled();
    private @Nullable Relay relay;

    Construction(
            SandboxSpec spec,
            ImageStore images,
            DeliveryOwners owners,
            Containers containers,
            Disposer disposer,
            DiskWatches watches,
            DockerSettings settings,
            Notices notices) {
        this.spec = spec;
        this.images = images;
        this.owners = owners;
        this.containers = containers;
        this.disposer = disposer;
        this.watches = watches;
        this.settings = settings;
        this.notices = notices;
    }

    DockerSandbox build() throws InterruptedException {
        EngineImage agentImage =
                images.resolve(
                        new ImageSpec(settings.agentImage(), null),
                        new ImageRequest(spec.pool(), List.of(), ImageTerms.NONE, true),
                        text -> {});
        EngineImage jobImage =
                images.resolve(spec.image(), request(spec.images().poolsOwn()), notices);
        List<EngineImage> serviceImages = new ArrayList<>();
        for (ServiceSpec service : spec.services()) {
            serviceImages.add(images.resolve(service.image(), request(false), notices));
        }
        boolean foreignJob = !jobImage.id().equals(agentImage.id());
        boolean agentInVolume =
                foreignJob || serviceImages.stream().anyMatch(i -> !i.id().equals(agentImage.id()));

        createVolumes(agentInVolume);
        ContainerRecipes recipes = new ContainerRecipes(spec, agentImage, agentInVolume, owners);
        Networking shared = createNetwork(recipes);

        // The helper first: of all containers only those of the agent image fill the volumes.
        boolean ownersUser = !foreignJob && spec.image().user() == null;
        boolean withHelper = spec.checkout() != Checkout.NOTHING || !ownersUser;
        if (withHelper) {
            checkout = createCheckoutNetwork(recipes, shared);
            containers.create(recipes.helper(checkout), Role.HELPER);
        }
        ContainerRecipe jobRecipe =
                create(() -> recipes.job(jobImage, shared), Role.JOB, spec.image());
        ServiceContainers services = startServices(recipes, serviceImages, shared);
        AgentSession job = start(jobRecipe, spec.image());
        introduce(job.container(), shared, new Origin(Origin.Part.JOB, "job"));
        DiskWatch watch = watches.begin(spec, gauge(recipes));
        requireOrdinaryUser(job, spec.image().reference());
        AgentSession helper = withHelper ? helperFor(job, jobImage) : null;
        services.awaitReady(
                job,
                Role.NETWORK.nameFor(spec.job()),
                containers,
                settings.bounds().serviceStart(),
                notices);
        WayOut wayOut =
                relay == null
                        ? WayOut.NONE
                        : new WayOut(relay, shared instanceof Networking.Relayed, direct());
        return new DockerSandbox(
                spec,
                recipes,
                containers,
                disposer,
                settings.bounds().grace(),
                job,
                helper,
                wayOut,
                watch);
    }

    /** The helper counts with the workspace: of its own layer it can write nothing. */
    private DiskGauge gauge(ContainerRecipes recipes) {
        List<String> watched = new ArrayList<>(List.of(Role.JOB.nameFor(spec.job())));
        for (int i = 0; i < spec.services().size(); i++) {
            watched.add(Role.SERVICE.nameFor(spec.job(), i));
        }
        return new DiskGauge(
                recipes,
                containers,
                disposer,
                spec.job(),
                watched,
                Set.of(Role.AGENT.nameFor(spec.job())));
    }

    private ImageRequest request(boolean own) {
        return new ImageRequest(spec.pool(), spec.registries(), spec.images(), own);
    }

    private void createVolumes(boolean agentInVolume) throws InterruptedException {
        containers.createVolume(Role.WORKSPACE);
        if (agentInVolume) {
            containers.createVolume(Role.AGENT);
        }
    }

    private Networking createNetwork(ContainerRecipes recipes) throws InterruptedException {
        String network = Role.NETWORK.nameFor(spec.job());
        return switch (spec.network()) {
            case NONE -> {
                if (spec.services().isEmpty()) {
                    yield new Networking.Disabled();
                }
                containers.createNetwork(Role.NETWORK, true);
                yield new Networking.Closed(network);
            }
            case FULL -> {
                Outlet outlet = spec.outlet();
                if (outlet != null) {
                    yield relayed(recipes, Role.NETWORK, outlet);
                }
                containers.createNetwork(Role.NETWORK, false);
                yield new Networking.Open(network);
            }
        };
    }

    private Networking createCheckoutNetwork(ContainerRecipes recipes, Networking shared)
            throws InterruptedException {
        return switch (spec.checkout()) {
            case NOTHING, OFFLINE -> new Networking.Disabled();
            case ONLINE -> {
                Outlet outlet = spec.outlet();
                if (outlet != null) {
                    yield shared instanceof Networking.Relayed
                            ? shared
                            : relayed(recipes, Role.CHECKOUT, outlet);
                }
                containers.createNetwork(Role.CHECKOUT, false);
                yield new Networking.Open(Role.CHECKOUT.nameFor(spec.job()));
            }
        };
    }

    /** A network that leads nowhere, and the relay on it. */
    private Networking.Relayed relayed(ContainerRecipes recipes, Role role, Outlet outlet)
            throws InterruptedException {
        String network = role.nameFor(spec.job());
        containers.createNetwork(role, true);
        ContainerRecipe recipe = recipes.relay(network);
        containers.create(recipe, Role.RELAY);
        AgentSession session = containers.start(recipe.name());
        String address = containers.address(recipe.name(), network);
        relay = Relay.open(session, address, outlet);
        return new Networking.Relayed(network, address);
    }

    /** Before anything of the job runs in the container. */
    private void introduce(String container, Networking networking, Origin origin)
            throws InterruptedException {
        if (relay != null && networking instanceof Networking.Relayed(String network, String _)) {
            relay.know(containers.address(container, network), origin);
        }
    }

    /** Names that are not reached through the proxy. */
    private List<String> direct() {
        return spec.services().stream().flatMap(service -> service.aliases().stream()).toList();
    }

    private ServiceContainers startServices(
            ContainerRecipes recipes, List<EngineImage> serviceImages, Networking shared)
            throws InterruptedException {
        List<ServiceContainer> started = new ArrayList<>();
        for (int i = 0; i < serviceImages.size(); i++) {
            EngineImage image = serviceImages.get(i);
            ServiceSpec service = spec.services().get(i);
            int index = i;
            ContainerRecipe recipe =
                    create(
                            () -> recipes.service(index, image, shared),
                            Role.SERVICE,
                            service.image());
            AgentSession session = start(recipe, service.image());
            introduce(
                    session.container(),
                    shared,
                    new Origin(Origin.Part.SERVICE, "service " + service.alias()));
            requireOrdinaryUser(session, service.image().reference());
            started.add(ServiceContainer.run(service, proxied(service, shared), image, session));
        }
        return new ServiceContainers(started);
    }

    /** Twice at most: the first of an image may show what the others have to be made with. */
    private ContainerRecipe create(Supplier<ContainerRecipe> recipes, Role role, ImageSpec image)
            throws InterruptedException {
        ContainerRecipe recipe = recipes.get();
        new ContainerUser(recipe.user()).requireSensible(image.reference());
        containers.create(recipe, role);
        if (!owners.learnt(recipe, containers)) {
            return recipe;
        }
        disposer.requireGone(spec.job(), recipe);
        ContainerRecipe again = recipes.get();
        containers.create(again, role);
        return again;
    }

    /** The engine finds out only now whether the image has the user. */
    private AgentSession start(ContainerRecipe recipe, ImageSpec image)
            throws InterruptedException {
        try {
            return containers.start(recipe.name());
        } catch (FaultException e) {
            String missing =
                    new ContainerUser(recipe.user())
                            .missing(containers, recipe.name(), image.reference())
                            .orElse(null);
            throw missing == null ? e : new FaultException(Fault.IMAGE, missing, e);
        }
    }

    private Map<String, String> proxied(ServiceSpec service, Networking shared) {
        Map<String, String> variables = new HashMap<>(service.variables());
        if (relay != null && shared instanceof Networking.Relayed) {
            variables.putAll(Relay.variables(relay.proxy(), service.variables(), direct()));
        }
        return variables;
    }

    private void requireOrdinaryUser(AgentSession session, String image) {
        if (spec.hardening().user() == Hardening.User.NON_ROOT && session.hello().uid() == 0) {
            throw new FaultException(
                    Fault.IMAGE,
                    "image %s names a user that is root, and pool %s runs nothing as root; use an image"
                                    .formatted(image, spec.pool())
                            + " with an ordinary user, or one whose user is root by its number");
        }
    }

    /**
     * The helper where sources are to be fetched. Where none are, it was made to fill the agent's
     * volume, and is removed after it has given the workspace to a user it does not belong to yet.
     */
    private @Nullable AgentSession helperFor(AgentSession job, EngineImage jobImage)
            throws InterruptedException {
        boolean fetches = spec.checkout() != Checkout.NOTHING;
        if (!fetches && jobImage.runsAsRoot() && job.hello().uid() == 0) {
            disposer.requireGone(spec.job(), Role.HELPER);
            return null;
        }
        AgentSession helper = containers.start(Role.HELPER.nameFor(spec.job()));
        introduce(helper.container(), checkout, new Origin(Origin.Part.CHECKOUT, "checkout"));
        if (fetches) {
            return helper;
        }
        handOverWorkspace(helper, job.hello());
        helper.stream().close();
        disposer.requireGone(spec.job(), Role.HELPER);
        return null;
    }

    private void handOverWorkspace(AgentSession helper, AgentMessage.Hello owner)
            throws InterruptedException {
        AgentStream stream = helper.stream();
        for (byte[] frame : DockerSandbox.handOver(owner)) {
            stream.send(frame);
        }
        stream.send(AgentFrames.argument("true"));
        stream.send(AgentFrames.endOfInput());
        stream.send(AgentFrames.run());
        Duration limit = settings.bounds().call();
        AgentMessage answer = stream.receive(System.nanoTime() + limit.toNanos());
        if (!(answer instanceof AgentMessage.Ended(int code, long _, long _) && code == 0)) {
            throw new FaultException(
                    Fault.ENGINE,
                    "the workspace could not be given to user %d: %s; look at the engine's log"
                            .formatted(owner.uid(), answer));
        }
    }
}
