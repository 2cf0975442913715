package dev.mayfly.config;

import dev.mayfly.job.ImagePattern;
import dev.mayfly.job.ImageReference;
import dev.mayfly.job.ImageRules;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Reads which images a pool's jobs may have, and what is demanded of these. */
final class ImagesBinding {

    private static final List<String> LISTS = List.of("allowed_images", "allowed_services");

    private ImagesBinding() {}

    /** What a schema cannot say of it. */
    static void check(Section root) {
        checkName(root.section("agent"));
        for (Section pool : root.sections("pools")) {
            checkName(pool);
            LISTS.forEach(list -> checkPatterns(pool, list));
            Section images = pool.section("images");
            if (images.has("too_old") && images.value().path("max_age").isMissingNode()) {
                images.report("too_old", "is for nothing without max_age", "add max_age: 90d");
            }
        }
    }

    private static void checkName(Section section) {
        if (!section.has("image")) {
            return;
        }
        try {
            ImageReference.parse(section.text("image"));
        } catch (IllegalArgumentException e) {
            report(section, "image", -1, e);
        }
    }

    private static void checkPatterns(Section pool, String list) {
        if (!pool.has(list)) {
            return;
        }
        for (int i = 0; i < pool.value().path(list).size(); i++) {
            String pattern = pool.value().path(list).get(i).asText();
            if (pool.review().isFaulty(pool.pointer(list).appendIndex(i))) {
                continue;
            }
            try {
                ImagePattern.parse(pattern);
            } catch (IllegalArgumentException e) {
                report(pool, list, i, e);
            }
        }
    }

    /** The message is the end of a sentence, a colon and the cure. */
    private static void report(
            Section section, String key, int index, IllegalArgumentException because) {
        String[] both = String.valueOf(because.getMessage()).split(": ", 2);
        section.review()
                .report(
                        index < 0 ? section.pointer(key) : section.pointer(key).appendIndex(index),
                        index < 0 ? both[0] : "covers no image that there can be: it " + both[0],
                        both.length > 1 ? both[1] : "write it like an image's name");
    }

    /** Those that a list allows, or none where there is no list. */
    static List<ImagePattern> patterns(Section pool, String list) {
        return pool.texts(list).stream().map(ImagePattern::parse).toList();
    }

    /** With the pool's own, which a job may also name. */
    static List<ImagePattern> allowedImages(Section pool) {
        List<ImagePattern> allowed = new ArrayList<>(patterns(pool, "allowed_images"));
        if (!allowed.isEmpty() && pool.has("image")) {
            allowed.add(ImagePattern.parse(pool.text("image")));
        }
        return allowed;
    }

    static ImageRules rules(Section images) {
        return new ImageRules(
                images.flag("require_digest"),
                ImageRules.Variables.valueOf(images.text("variables").toUpperCase(Locale.ROOT)),
                images.flag("pin"),
                images.has("max_age")
                        ? new ImageRules.Age(
                                images.duration("max_age"), images.text("too_old").equals("refuse"))
                        : null,
                images.has("max_size") ? images.bytes("max_size") : null);
    }
}
