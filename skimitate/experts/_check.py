"""Whether an expert fits an environment, before any work is done for it."""

from typing import Any

import numpy as np

from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._make import EnvLike, env_widths
from skimitate.environments._run import run_episodes
from skimitate.policies._as_policy import as_policy


def check_widths(env: EnvLike, expert: Any, name: str, env_name: str) -> None:
    """Raise if an expert or a policy tells widths that an environment does not have.

    Parameters
    ----------
    env : str, EnvSpec or callable
        The environment.
    expert : object
        See :func:`skimitate.as_policy`.
    name : str
        What errors call it: the parameter or the option by which it came.
    env_name : str
        What errors call the environment.

    Raises
    ------
    ValueError
        If its widths are others.
    TypeError
        If it cannot act.
    """
    policy = as_policy(expert, name)
    found = env_widths(env)
    given = policy.n_features, policy.n_outputs
    if any(n is not None and n != m for n, m in zip(given, found, strict=True)):
        theirs = " and ".join(
            f"{n} {what}"
            for n, what in zip(given, ("observation", "action"), strict=True)
            if n is not None
        )
        raise ValueError(
            f"{name}: {env_name} has {found[0]} observation and {found[1]} action "
            f"dimensions, and this one is for {theirs}; give one for {env_name}"
        )


def check_expert(env: EnvLike, expert: Any, name: str, env_name: str) -> None:
    """Raise if an expert or a policy does not fit an environment.

    Where it does not tell its widths, it is asked for the first step of an episode.

    Parameters
    ----------
    env, expert, name, env_name
        See :func:`check_widths`.

    Raises
    ------
    ValueError
        If its widths are others, or it fails at the first step.
    TypeError
        If it cannot act.
    """
    check_widths(env, expert, name, env_name)
    policy = as_policy(expert, name)
    if None in (policy.n_features, policy.n_outputs):
        driver = PolicyDriver(expert, name)
        run_episodes(env, driver, [np.random.SeedSequence(0)], max_steps=1)
