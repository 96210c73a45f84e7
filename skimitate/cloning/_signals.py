"""How long the kernel may work before Python looks at signals."""

# How much one call of the kernel may do, in samples times parameters: about 30 ms on a
# core of today. Python looks at signals, Ctrl-C for one, between two calls.
_WORK = 300_000_000


def rows_of_a_call(n_networks: int, n_parameters: int, batch_size: int) -> int:
    """Return how many samples the kernel trains on before Python looks at signals.

    Whole minibatches, and so many that the calls themselves cost nothing to speak of.

    Parameters
    ----------
    n_networks : int
        How many are trained on them.
    n_parameters : int
        Of each.
    batch_size : int
        Number of samples a step.

    Returns
    -------
    int
    """
    # Measured: fetching a sample costs as much as 1,000 parameters do, and a step of
    # Adam and of the average as much as 10 samples.
    step = n_networks * (n_parameters + 1000) * (batch_size + 10)
    return max(1, _WORK // step) * batch_size
