"""Whether an expert fits an environment, before any work is done for it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.environments._drivers import Actions, PolicyDriver
from skimitate.environments._make import EnvLike, spaces_of
from skimitate.environments._run import run_episodes
from skimitate.policies._as_policy import as_policy
from skimitate.policies._class_policy import ClassPolicy


def check_widths(env: EnvLike, expert: Any, name: str, env_name: str) -> None:
    """Raise if an expert or a policy tells what an environment does not have.

    That is another number of observation or action dimensions, or classes that are none
    of the environment's actions.

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
        If its widths or classes are others.
    TypeError
        If it cannot act.
    """
    policy = as_policy(expert, name)
    spaces = spaces_of(env)
    found = spaces.n_features, spaces.n_outputs
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
    if isinstance(policy, ClassPolicy):
        _check_classes(policy.classes, spaces.actions, name, env_name)


def _check_classes(
    classes: Sequence[NDArray], actions: Actions, name: str, env_name: str
) -> None:
    """Raise if some of a policy's classes are no actions of an environment."""
    for i, own in enumerate(classes):
        known = own if actions.classes is None else actions.classes[i]
        strange = own if own.dtype.kind not in "biuf" else np.setdiff1d(own, known)
        if len(strange):
            raise ValueError(
                f"{name}: {env_name} takes actions of the space {actions.description}, "
                f"and this one gives {strange.tolist()[0]!r} as well; give one for "
                f"{env_name}"
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
        If its widths or classes are others, or it fails at the first step.
    TypeError
        If it cannot act.
    """
    check_widths(env, expert, name, env_name)
    policy = as_policy(expert, name)
    if None in (policy.n_features, policy.n_outputs):
        driver = PolicyDriver(expert, name)
        run_episodes(env, driver, [np.random.SeedSequence(0)], max_steps=1)
