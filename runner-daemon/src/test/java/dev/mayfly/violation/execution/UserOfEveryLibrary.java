package dev.mayfly.violation.execution;

/** Sees each library that belongs to one package. */
public interface UserOfEveryLibrary {

    com.github.dockerjava.api.DockerClient docker();

    com.nimbusds.jwt.SignedJWT nimbus();

    dev.cel.runtime.CelRuntime cel();

    com.google.crypto.tink.Aead tink();

    io.github.jopenlibs.vault.Vault vault();

    software.amazon.awssdk.services.s3.S3Client aws();

    io.vertx.core.Vertx vertx();

    java.sql.Connection jdbc();

    org.sqlite.SQLiteConfig sqlite();

    io.micrometer.core.instrument.Counter micrometer();

    org.apache.commons.compress.archivers.ArchiveEntry compress();

    picocli.CommandLine picocli();
}
