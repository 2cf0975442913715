package dev.mayfly.cli;

import dev.mayfly.job.JobId;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a job's id from the command line. */
final class JobIdConverter implements ITypeConverter<JobId> {

    @Override
    public JobId convert(String value) {
        try {
            return new JobId(value);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage() + "; mayfly jobs lists them");
        }
    }
}
