package dev.mayfly.secrets;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.PoolName;

/**
 * Stands for a provider that is not configured.
 *
 * @param cure what an operator can do, for those who ask for something of it
 */
public record AbsentProvider(String cure) implements SecretsProvider {

    @Override
    public SecretLease fetch(SecretsOrder order) {
        throw new FaultException(
                Fault.SECRET,
                "the job's secret "
                        + order.wanted().getFirst().name()
                        + " is with a provider that this runner does not have: "
                        + cure);
    }

    @Override
    public String unhealthyBecause(PoolName pool) {
        return "";
    }
}
