package dev.mayfly;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.VerifiedClaims;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The rules of the daemon's packages. Data goes one way; a later stage never calls back.
 *
 * @param root the package that holds the packages named here; another one in the test that breaks
 *     each rule on purpose
 */
record Architecture(String root) {

    private static final List<String> STAGES =
            List.of("source", "admission", "pool", "sandbox", "secrets", "logs");

    private static final List<String> ADAPTERS =
            List.of(
                    "admission.oidc",
                    "source.local",
                    "source.gitlab",
                    "sandbox.docker",
                    "secrets.file",
                    "secrets.vault",
                    "artifacts.s3");

    /** What is at hand everywhere. */
    private static final List<String> PLAIN = List.of("java..", "org.jspecify..", "org.slf4j..");

    /**
     * One rule.
     *
     * @param name a sentence
     */
    record Named(String name, ArchRule rule) {
        @Override
        public String toString() {
            return name;
        }
    }

    List<Named> rules() {
        List<Named> rules = new ArrayList<>();
        rules.add(
                new Named(
                        "job depends on the JDK only",
                        onlyDependOn("job", List.of("java..", "org.jspecify.."), "job")));
        for (String stage : STAGES) {
            rules.add(
                    new Named(
                            stage + " depends on job only",
                            onlyDependOn(stage, PLAIN, stage, "job")));
        }
        rules.add(knows("source.local", "source", "job", "logs", "state"));
        rules.add(knows("source.gitlab", "source", "job", "registry", "state"));
        rules.add(knows("sandbox.docker", "sandbox", "job"));
        rules.add(knows("secrets.file", "secrets", "job"));
        rules.add(knows("secrets.vault", "secrets", "job"));
        rules.add(knows("state", "job"));
        rules.add(knows("pipeline", "job", "config"));
        rules.add(knows("migration", "config", "job"));
        rules.add(knows("metrics", "job"));
        rules.add(knows("artifacts", "job"));
        rules.add(knows("artifacts.s3", "artifacts", "job"));
        rules.add(knows("registry", "job"));
        rules.add(knows("admission.oidc", "admission", "job"));
        rules.add(knows("policy", "job", "admission"));
        rules.add(knows("decision", "job", "admission", "state"));
        rules.add(knows("egress", "job", "sandbox", "state"));
        rules.add(knows("audit", "job"));
        rules.add(knows("images", "job", "sandbox", "state"));
        rules.add(knows("teardown", "job", "sandbox", "secrets", "state"));
        rules.add(
                knows(
                        "execution",
                        "job",
                        "source",
                        "admission",
                        "audit",
                        "pool",
                        "sandbox",
                        "secrets",
                        "logs",
                        "artifacts",
                        "egress",
                        "teardown",
                        "metrics"));

        rules.add(library("docker-java", "com.github.dockerjava..", "sandbox.docker"));
        rules.add(library("CEL", "dev.cel..", "policy"));
        rules.add(library("Tink", "com.google.crypto.tink..", "secrets.file"));
        rules.add(library("the Vault driver", "io.github.jopenlibs..", "secrets.vault"));
        rules.add(library("the AWS SDK", "software.amazon.awssdk..", "artifacts.s3"));
        rules.add(
                library(
                        "Vert.x",
                        "io.vertx..",
                        "source.local",
                        "source.gitlab",
                        "bootstrap",
                        "cli"));
        rules.add(library("Nimbus", "com.nimbusds..", "admission.oidc"));
        rules.add(
                library(
                        "JDBC",
                        "java.sql..",
                        "state",
                        "source.local",
                        "teardown",
                        "decision",
                        "images"));
        rules.add(library("SQLite", "org.sqlite..", "state"));
        rules.add(library("Micrometer", "io.micrometer..", "metrics", "bootstrap"));
        rules.add(
                library(
                        "Commons Compress",
                        "org.apache.commons.compress..",
                        "artifacts",
                        "cli",
                        "sandbox.docker"));
        rules.add(library("picocli", "picocli..", "cli"));

        rules.add(
                new Named(
                        "only bootstrap and cli name adapters",
                        noClasses()
                                .that(outside(with(ADAPTERS, "bootstrap", "cli")))
                                .should()
                                .dependOnClassesThat(inside(ADAPTERS))));
        rules.add(
                new Named(
                        "nobody but cli depends on bootstrap",
                        noClasses()
                                .that(outside(List.of("bootstrap", "cli")))
                                .should()
                                .dependOnClassesThat(inside(List.of("bootstrap")))));
        rules.add(
                new Named(
                        "nobody depends on cli",
                        noClasses()
                                .that(outside(List.of("cli")))
                                .should()
                                .dependOnClassesThat(inside(List.of("cli")))));
        rules.add(
                new Named(
                        "packages form no cycle",
                        slices().matching(root + ".(*)..").should().beFreeOfCycles()));
        rules.add(
                new Named(
                        "no package is a drawer",
                        noClasses()
                                .should()
                                .resideInAnyPackage(
                                        "..util..",
                                        "..utils..",
                                        "..common..",
                                        "..helper..",
                                        "..helpers..",
                                        "..impl..",
                                        "..model..")));
        rules.add(
                new Named(
                        "no class is named for what any class does",
                        noClasses()
                                .should()
                                .haveSimpleNameEndingWith("Util")
                                .orShould()
                                .haveSimpleNameEndingWith("Utils")
                                .orShould()
                                .haveSimpleNameEndingWith("Helper")
                                .orShould()
                                .haveSimpleNameEndingWith("Manager")
                                .orShould()
                                .haveSimpleNameEndingWith("Impl")));
        rules.add(
                new Named(
                        "a hidden value is revealed only on its way to the masker, the job, the"
                                + " encrypted file and the header of a request",
                        noClasses()
                                .that(
                                        outside(
                                                List.of(
                                                        "job",
                                                        "logs",
                                                        "execution",
                                                        "admission.oidc",
                                                        "sandbox.docker",
                                                        "secrets.file",
                                                        "secrets.vault",
                                                        "source.local",
                                                        "source.gitlab")))
                                .should()
                                .callMethod(SecretValue.class, "reveal")));
        rules.add(
                new Named(
                        "claims are verified where tokens are checked, and assumed in tests of a"
                                + " policy only",
                        noClasses()
                                .that(outside(List.of("job", "admission.oidc", "config")))
                                .should()
                                .callConstructor(VerifiedClaims.class, Map.class)));
        return rules.stream()
                .map(named -> new Named(named.name(), named.rule().allowEmptyShould(true)))
                .toList();
    }

    /** Within the daemon, the package knows these and itself; any library is another rule's. */
    private Named knows(String own, String... others) {
        return new Named(
                own + " knows " + String.join(", ", others) + " only",
                noClasses()
                        .that()
                        .resideInAnyPackage(root + "." + own + "..")
                        .should()
                        .dependOnClassesThat(
                                resideInAnyPackage(root + "..")
                                        .and(
                                                resideOutsideOfPackages(
                                                        packages(own + "..", others)))));
    }

    /** The package itself, without its adapters, depends on these libraries and packages only. */
    private ArchRule onlyDependOn(String own, List<String> libraries, String... packages) {
        return classes()
                .that()
                .resideInAPackage(root + "." + own)
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage(
                                Stream.concat(
                                                libraries.stream(),
                                                Arrays.stream(packages)
                                                        .map(name -> root + "." + name))
                                        .toArray(String[]::new)));
    }

    private Named library(String name, String packages, String... users) {
        return new Named(
                name + " is seen in " + String.join(", ", users) + " only",
                noClasses()
                        .that(outside(List.of(users)))
                        .should()
                        .dependOnClassesThat(resideInAnyPackage(packages)));
    }

    private DescribedPredicate<JavaClass> inside(List<String> names) {
        return resideInAnyPackage(trees(names));
    }

    private DescribedPredicate<JavaClass> outside(List<String> names) {
        return resideOutsideOfPackages(trees(names));
    }

    private String[] trees(List<String> names) {
        return names.stream().map(name -> root + "." + name + "..").toArray(String[]::new);
    }

    private String[] packages(String first, String... others) {
        return Stream.concat(Stream.of(first), Arrays.stream(others))
                .map(name -> root + "." + name)
                .toArray(String[]::new);
    }

    private static List<String> with(List<String> names, String... more) {
        return Stream.concat(names.stream(), Arrays.stream(more)).toList();
    }
}
