package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Places;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Whose the places are in which the agent puts a step's script and files. Where an image has such a
 * directory itself, the engine gives the tmpfs over it the directory's mode instead of the one
 * asked for: then it must be the user's own, by number, and which number a name has only the
 * image's files tell. Safe for many threads.
 */
final class DeliveryOwners {

    /** Where the agent puts them. */
    static final List<String> PLACES = List.of(Places.FILES, "/run/mayfly");

    private static final int MOST_KNOWN = 1000;

    private final boolean settable;

    /** Empty for an image that has none of the places, or not the user. */
    private final Map<Key, OptionalInt> known =
            Collections.synchronizedMap(
                    new LinkedHashMap<>() {
                        @Override
                        protected boolean removeEldestEntry(Map.Entry<Key, OptionalInt> eldest) {
                            return size() > MOST_KNOWN;
                        }
                    });

    private record Key(String imageId, String user) {}

    /** For an engine that lets the owner of a tmpfs be said, as Docker does. */
    DeliveryOwners() {
        this(true);
    }

    /**
     * For an engine.
     *
     * @param settable whether it lets the owner of a tmpfs be said; Podman refuses that
     */
    DeliveryOwners(boolean settable) {
        this.settable = settable;
    }

    /**
     * The number that a container is to be made with.
     *
     * @return empty where none is needed, as far as is known
     */
    OptionalInt of(String imageId, ContainerUser user) {
        if (!settable) {
            return OptionalInt.empty();
        }
        OptionalInt number = user.number();
        return number.isPresent()
                ? number
                : known.getOrDefault(new Key(imageId, user.text()), OptionalInt.empty());
    }

    /**
     * Looks into a container that was made without a number.
     *
     * @param recipe of the container, which has not been started
     * @return whether it needs one, and has to be made again
     */
    boolean learnt(ContainerRecipe recipe, Containers containers) throws InterruptedException {
        ContainerUser user = new ContainerUser(recipe.user());
        Key key = new Key(recipe.imageId(), recipe.user());
        if (!settable
                || user.text().isEmpty()
                || user.number().isPresent()
                || known.containsKey(key)) {
            return false;
        }
        OptionalInt owner =
                hasPlace(recipe.name(), containers)
                        ? user.numberIn(containers, recipe.name())
                        : OptionalInt.empty();
        known.put(key, owner);
        return owner.isPresent();
    }

    private static boolean hasPlace(String container, Containers containers)
            throws InterruptedException {
        for (String place : PLACES) {
            if (containers.has(container, place)) {
                return true;
            }
        }
        return false;
    }
}
