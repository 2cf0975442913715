package dev.mayfly.teardown;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.LifeId;
import dev.mayfly.state.ChildJvm;
import dev.mayfly.state.StateDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LivesTest {

    @TempDir Path folder;

    private StateDirectory directory() {
        return new StateDirectory(folder);
    }

    /** Lives until it is killed. */
    public static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws Exception {
            Lives lives = Lives.begin(new StateDirectory(Path.of(arguments[0])), Clock.systemUTC());
            System.out.println(lives.current());
            System.out.println(lives.daemonId());
            System.out.println(lives.living().size());
            new CountDownLatch(1).await();
        }
    }

    @Test
    void aLifeOfAnotherProcessEndsWhenThatIsKilled() throws Exception {
        try (Lives lives = Lives.begin(directory(), Clock.systemUTC())) {
            LifeId other;
            try (ChildJvm child = ChildJvm.start(Child.class, folder.toString())) {
                other = new LifeId(String.valueOf(child.line()));
                assertThat(child.line()).isEqualTo(lives.daemonId());
                assertThat(child.line()).isEqualTo("2");
                assertThat(lives.living()).containsExactlyInAnyOrder(lives.current(), other);
                lives.forgetDead();
                assertThat(lives.living()).contains(other);
            }
            assertThat(lives.living()).containsExactly(lives.current());
            assertThat(directory().lives().resolve(other + ".lock")).exists();
            lives.forgetDead();
            assertThat(directory().lives().toFile().list())
                    .containsExactly(lives.current() + ".lock");
        }
    }

    @Test
    void lookingForOthersDoesNotLoseOnesOwnLock() throws Exception {
        try (Lives lives = Lives.begin(directory(), Clock.systemUTC())) {
            lives.living();
            lives.forgetDead();
            try (ChildJvm child = ChildJvm.start(Child.class, folder.toString())) {
                child.line();
                child.line();
                assertThat(child.line()).isEqualTo("2");
            }
        }
    }

    @Test
    void twoLivesInOneProcessKnowEachOther() {
        try (Lives one = Lives.begin(directory(), Clock.systemUTC())) {
            try (Lives two = Lives.begin(directory(), Clock.systemUTC())) {
                assertThat(one.living()).containsExactlyInAnyOrder(one.current(), two.current());
            }
            assertThat(one.living()).containsExactly(one.current());
        }
    }

    @Test
    void theDaemonKeepsItsNameOverItsLives() throws Exception {
        String first;
        LifeId life;
        try (Lives lives = Lives.begin(directory(), Clock.systemUTC())) {
            first = lives.daemonId();
            life = lives.current();
        }
        try (Lives lives = Lives.begin(directory(), Clock.systemUTC())) {
            assertThat(lives.daemonId()).isEqualTo(first);
            assertThat(lives.current()).isNotEqualTo(life);
        }
        assertThat(Files.getPosixFilePermissions(directory().daemonId()))
                .isEqualTo(StateDirectory.PRIVATE_FILE);
    }
}
