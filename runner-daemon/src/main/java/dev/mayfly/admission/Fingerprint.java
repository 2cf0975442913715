package dev.mayfly.admission;

import dev.mayfly.job.Facts;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.RunValues;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Sha256;
import dev.mayfly.job.WorkspaceSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Names all that a person approves with a job: whose it is, the commit, the commands, the images,
 * the variables. The same job run again has the same; one that would do something else has another.
 */
final class Fingerprint {

    private final MessageDigest digest = Sha256.begin();
    private final RunValues run;

    private Fingerprint(RunValues run) {
        this.run = run;
    }

    static String of(PoolName pool, JobSpec spec, Facts facts) {
        Fingerprint all = new Fingerprint(RunValues.of(spec.inputs().handed()));
        ServerFacts server = facts.trusted().server();
        all.add("pool", pool.value());
        all.add("source", facts.source());
        all.add("project", server.project().id());
        all.add("ref", server.ref().name());
        all.add("commit", server.ref().commit());
        all.add("job", spec.name());
        all.add("setup", spec.steps().setup());
        all.add("script", spec.steps().script());
        spec.steps().further().forEach(step -> all.add("further " + step.name(), step.lines()));
        all.add("after", spec.steps().afterScript());
        all.add("after counts", String.valueOf(spec.steps().afterScriptCounts()));
        all.add(spec.inputs().workspace());
        ImageSpec image = spec.environment().image();
        all.add("image", image == null ? "" : image.toString());
        for (ServiceSpec service : spec.environment().services()) {
            all.add("service", service.image().toString());
            all.add("aliases", service.aliases());
            all.add("command", service.command());
            all.addVariables(service.variables());
        }
        all.add("network", spec.environment().network().name());
        all.add("secrets", spec.inputs().secrets().stream().map(Object::toString).toList());
        all.addVariables(spec.inputs().variables());
        all.addHanded(spec.inputs().handed());
        return Sha256.hex(all.digest);
    }

    private void add(WorkspaceSource workspace) {
        switch (workspace) {
            case WorkspaceSource.Empty() -> add("workspace", "empty");
            case WorkspaceSource.Git(String url, String commit, GitFetch how) -> {
                add("git", List.of(url, commit));
                add("before", how.hooks().before());
                add("after", how.hooks().after());
            }
            case WorkspaceSource.Bundle(Path _, String commit) -> add("bundle", commit);
            case WorkspaceSource.Archive(Path tar) -> addContent(tar);
        }
    }

    private void addContent(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest content = (MessageDigest) digest.clone();
            content.reset();
            byte[] buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                content.update(buffer, 0, read);
            }
            add("archive", Sha256.hex(content));
        } catch (IOException | CloneNotSupportedException e) {
            throw new FaultException(
                    Fault.WORKSPACE, "the job's workspace cannot be read: " + e.getMessage(), e);
        }
    }

    private void addVariables(Map<String, String> variables) {
        new TreeMap<>(variables)
                .forEach((name, value) -> add("variable " + name, run.without(name, value)));
    }

    /** Their order is the server's: of two of one name the later counts. */
    private void addHanded(List<HandedValue> handed) {
        for (HandedValue value : handed) {
            add("handed " + value.name(), new TreeSet<>(value.uses()).toString());
            add("value", run.digestWithout(value));
        }
    }

    private void add(String what, List<String> values) {
        add(what, String.valueOf(values.size()));
        values.forEach(value -> add(what, value));
    }

    /** With its length, so that no two lists of values look the same. */
    private void add(String what, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        digest.update((what + ":" + bytes.length + ":").getBytes(StandardCharsets.UTF_8));
        digest.update(bytes);
    }
}
