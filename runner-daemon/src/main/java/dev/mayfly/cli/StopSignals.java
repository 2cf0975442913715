package dev.mayfly.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Hears signals. A shutdown hook would not do: it hears only the first, and the second one says
 * that patience is over.
 */
final class StopSignals {

    private StopSignals() {}

    /**
     * Runs the action each time the signal arrives, instead of ending the process.
     *
     * @param name without SIG, such as {@code TERM}
     */
    static void on(String name, Runnable action) {
        // sun.misc.Signal is the supported way (module jdk.unsupported), but every mention of it in
        // source is a warning that cannot be suppressed.
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler run =
                    (proxy, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            action.run();
                        }
                        return null;
                    };
            Object proxy =
                    Proxy.newProxyInstance(
                            StopSignals.class.getClassLoader(), new Class<?>[] {handler}, run);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "this Java cannot handle signal " + name + "; use one with jdk.unsupported", e);
        }
    }
}
