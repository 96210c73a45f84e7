"""Episodes of a policy, with a sign of how many are done."""

from typing import TYPE_CHECKING, Any

from skimitate.cli._environments import NamedEnv

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def evaluate(
    env: NamedEnv,
    policy: Any,
    *,
    n_episodes: int,
    n_jobs: int,
    seed: int,
    max_steps: int | None = None,
) -> "NDArray[np.float64]":
    """Return what :func:`skimitate.evaluate_policy` does, and show how far it is.

    Parameters
    ----------
    env : NamedEnv
        Environment.
    policy : callable or object with act or predict
        Who drives.
    n_episodes : int
        Number of episodes.
    n_jobs : int
        Number of processes, in joblib's terms.
    seed : int
        Determines the episodes.
    max_steps : int or None, default=None
        Where to cut an episode.

    Returns
    -------
    ndarray of shape (n_episodes,)
        Returns.
    """
    import numpy as np

    from skimitate._seeds import spawn_seeds
    from skimitate.callbacks._progress import Progress
    from skimitate.callbacks._work import followed
    from skimitate.environments._drivers import PolicyDriver
    from skimitate.environments._outcome import return_of
    from skimitate.environments._run import run_episodes

    with followed("episode", n_episodes, Progress("Evaluating")) as report:
        returns = run_episodes(
            env.made_by,
            PolicyDriver(policy),
            spawn_seeds(seed, n_episodes),
            max_steps=max_steps,
            n_jobs=n_jobs,
            keep=return_of,
            report=report,
        )
    return np.array(returns)
