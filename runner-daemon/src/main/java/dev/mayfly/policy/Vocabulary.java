package dev.mayfly.policy;

import dev.mayfly.job.Facts;
import dev.mayfly.job.Facts.Origin;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.RegistrationFacts;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.SettableFacts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The facts as a condition names them: {@code server.project}. A name that is not among them does
 * not compile, so that a misspelt rule is no silent hole.
 */
final class Vocabulary {

    /** Names that cannot be chosen by a job's author. */
    static final List<Word> TRUSTED;

    /** All names. */
    static final List<Word> ALL;

    /** The pool that the job is to run in; decided before any policy is asked. */
    static final String POOL = "pool";

    private Vocabulary() {}

    /** What a fact can be. */
    enum Kind {
        TEXT,
        TRUTH,
        TEXTS,
        TEXTS_BY_NAME,
        ANYTHING_BY_NAME
    }

    /**
     * One name.
     *
     * @param name as a condition writes it
     * @param kind of its value
     */
    record Word(String name, Kind kind) {}

    static {
        List<Word> words = new ArrayList<>();
        words.add(new Word(POOL, Kind.TEXT));
        words.add(word(Origin.REGISTRATION, "name", Kind.TEXT));
        words.add(word(Origin.REGISTRATION, "server", Kind.TEXT));
        words.add(word(Origin.REGISTRATION, "protected", Kind.TRUTH));
        words.add(word(Origin.SERVER, "project", Kind.TEXT));
        words.add(word(Origin.SERVER, "project_id", Kind.TEXT));
        words.add(word(Origin.SERVER, "ref", Kind.TEXT));
        words.add(word(Origin.SERVER, "ref_kind", Kind.TEXT));
        words.add(word(Origin.SERVER, "ref_protected", Kind.TRUTH));
        words.add(word(Origin.SERVER, "commit", Kind.TEXT));
        words.add(word(Origin.SERVER, "fork", Kind.TRUTH));
        words.add(word(Origin.SERVER, "user_id", Kind.TEXT));
        words.add(word(Origin.SERVER, "pipeline_id", Kind.TEXT));
        words.add(new Word(Origin.CLAIMS.word(), Kind.ANYTHING_BY_NAME));
        TRUSTED = List.copyOf(words);
        words.add(word(Origin.JOB, "name", Kind.TEXT));
        words.add(word(Origin.JOB, "image", Kind.TEXT));
        words.add(word(Origin.JOB, "services", Kind.TEXTS));
        words.add(word(Origin.JOB, "variables", Kind.TEXTS_BY_NAME));
        ALL = List.copyOf(words);
    }

    static Map<String, Object> values(PoolName pool, Facts.Trusted facts) {
        Map<String, Object> values = new HashMap<>();
        RegistrationFacts registration = facts.registration();
        ServerFacts server = facts.server();
        values.put(POOL, pool.value());
        values.put("registration.name", registration.name());
        values.put("registration.server", registration.server());
        values.put("registration.protected", registration.protectedOnly());
        values.put("server.project", server.project().path());
        values.put("server.project_id", server.project().id());
        values.put("server.ref", server.ref().name());
        values.put("server.ref_kind", server.ref().kind().name().toLowerCase(Locale.ROOT));
        values.put("server.ref_protected", server.ref().isProtected());
        values.put("server.commit", server.ref().commit());
        values.put("server.fork", server.fork());
        values.put("server.user_id", server.run().user());
        values.put("server.pipeline_id", server.run().pipeline());
        values.put("claims", facts.claims().values());
        return values;
    }

    static Map<String, Object> values(PoolName pool, Facts facts) {
        Map<String, Object> values = values(pool, facts.trusted());
        SettableFacts job = facts.settable();
        values.put("job.name", job.name());
        values.put("job.image", job.image());
        values.put("job.services", job.services());
        values.put("job.variables", job.variables());
        return values;
    }

    private static Word word(Origin origin, String name, Kind kind) {
        return new Word(origin.word() + "." + name, kind);
    }
}
