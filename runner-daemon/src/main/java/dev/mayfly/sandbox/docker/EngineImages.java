package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.model.Image;
import dev.mayfly.job.ImageReference;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What is on the engine, by names that mean what they say. */
final class EngineImages {

    private final DockerEngine engine;

    EngineImages(DockerEngine engine) {
        this.engine = engine;
    }

    /**
     * What is on the engine.
     *
     * @param ids of images
     * @param names in the one way in which they are compared
     */
    record Listing(Set<String> ids, Set<String> names) {}

    /** Whether an image is there under a name, without any attempt to get it. */
    static boolean has(DockerEngine engine, String name) throws InterruptedException {
        return engine.find(
                        "inspecting image " + name, client -> client.inspectImageCmd(name).exec())
                .isPresent();
    }

    /**
     * The image of this name, if it is there. An engine also finds images by the beginning of their
     * number, which may be what a name looks like; such a one has another name, and is not it.
     */
    Optional<InspectImageResponse> find(ImageReference image) throws InterruptedException {
        return engine.find(
                        "inspecting image " + image,
                        client -> client.inspectImageCmd(image.forEngine()).exec())
                .filter(found ->
                        names(found.getRepoTags(), found.getRepoDigests())
                                .anyMatch(name -> isNameOf(image, name)));
    }

    Listing list() throws InterruptedException {
        List<Image> images =
                engine.call(
                        "listing images",
                        client -> client.listImagesCmd().withShowAll(true).exec());
        Set<String> ids = new HashSet<>();
        Set<String> names = new HashSet<>();
        for (Image image : images) {
            ids.add(image.getId());
            names(
                            image.getRepoTags() == null ? null : List.of(image.getRepoTags()),
                            image.getRepoDigests() == null ? null : List.of(image.getRepoDigests()))
                    .forEach(name -> names.add(name.canonical()));
        }
        return new Listing(ids, names);
    }

    /**
     * What tells an image's bytes from any others: its digest in the repository that its name
     * means, or its number. The same bytes may have been pulled under other names, perhaps of other
     * projects.
     */
    static String identity(InspectImageResponse image, ImageReference name) {
        return names(null, image.getRepoDigests())
                .filter(digest -> digest.repository().equals(name.repository()))
                .filter(digest -> name.digest() == null || name.digest().equals(digest.digest()))
                .map(ImageReference::canonical)
                .findFirst()
                .orElse(String.valueOf(image.getId()));
    }

    private static boolean isNameOf(ImageReference image, ImageReference name) {
        return image.repository().equals(name.repository())
                && (image.digest() == null
                        ? name.digest() == null && String.valueOf(image.tag()).equals(name.tag())
                        : image.digest().equals(name.digest()));
    }

    private static Stream<ImageReference> names(
            @Nullable List<String> tags, @Nullable List<String> digests) {
        return Stream.concat(
                        tags == null ? Stream.empty() : tags.stream(),
                        digests == null ? Stream.empty() : digests.stream())
                .flatMap(EngineImages::name);
    }

    /** None where an engine writes that there is none. */
    private static Stream<ImageReference> name(String written) {
        try {
            return Stream.of(ImageReference.parse(written));
        } catch (IllegalArgumentException e) {
            return Stream.empty();
        }
    }
}
