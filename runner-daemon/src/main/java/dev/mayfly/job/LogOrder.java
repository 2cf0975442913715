package dev.mayfly.job;

/**
 * Holds a log to its order: what comes must begin where what came before has ended. Whatever is
 * missing, repeated or out of order is a fault, never skipped. For use by one thread at a time.
 */
public final class LogOrder {

    private long output;
    private long events;

    /** Begins in the middle of a log, or at its {@link LogPosition#START}. */
    public LogOrder(LogPosition from) {
        output = from.output();
        events = from.events();
    }

    /** Where what comes next must begin. */
    public LogPosition position() {
        return new LogPosition(output, events);
    }

    /**
     * Output has come.
     *
     * @param start bytes of output before it
     * @param length in bytes
     * @throws FaultException {@code LOG} if it does not begin where it must
     */
    public void output(long start, int length) {
        requireOutput(start);
        output += length;
    }

    /** The same, without counting it yet. */
    public void requireOutput(long start) {
        if (start != output) {
            throw broken("output from byte " + start);
        }
    }

    /**
     * A section or a notice has come.
     *
     * @throws FaultException {@code LOG} if it does not stand where it must
     */
    public void event(LogPosition at) {
        requireEvent(at);
        events++;
    }

    /** The same, without counting it yet. */
    public void requireEvent(LogPosition at) {
        if (at.output() != output || at.events() != events) {
            throw broken("event " + at.events() + " at byte " + at.output());
        }
    }

    /**
     * The end has come.
     *
     * @param total of the whole log
     * @throws FaultException {@code LOG} if something has not come
     */
    public void end(LogPosition total) {
        if (total.output() != output || total.events() != events) {
            throw broken(
                    "the end after "
                            + total.output()
                            + " bytes of output and "
                            + total.events()
                            + " events");
        }
    }

    private FaultException broken(String came) {
        return new FaultException(
                Fault.LOG,
                "the log is not whole: after "
                        + output
                        + " bytes of output and "
                        + events
                        + " events came "
                        + came);
    }
}
