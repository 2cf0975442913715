package dev.mayfly.secrets.file;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A process of its own that stores secrets, as the command line does. */
final class SecretWriterProcess {

    private SecretWriterProcess() {}

    /**
     * Starts it. It prints one line before each write.
     *
     * @param prefix of the names: {@code prefix-0}, {@code prefix-1} and so on
     */
    static Process start(Path directory, String prefix, int count) throws IOException {
        return new ProcessBuilder(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty(
                                        "surefire.test.class.path",
                                        System.getProperty("java.class.path")),
                                SecretWriterProcess.class.getName(),
                                directory.toString(),
                                prefix,
                                Integer.toString(count)))
                .redirectError(new File(directory.toFile(), prefix + ".err"))
                .start();
    }

    public static void main(String[] arguments) throws InterruptedException {
        var onDisk = new StoreOnDisk(Path.of(arguments[0]));
        for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
            System.out.println(i);
            onDisk.set(arguments[1] + "-" + i, "value of " + i, StoreOnDisk.TRUSTED);
        }
    }
}
