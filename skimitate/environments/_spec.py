"""Environments that take arguments: what makes one, and what it is called."""

import copy
import importlib
import re
from collections.abc import Mapping
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec


def spec_of(env_id: str, arguments: Mapping[str, Any]) -> str | EnvSpec:
    """Return what makes an environment with arguments.

    Parameters
    ----------
    env_id : str
        Gymnasium id, after the name of a module and a colon if that registers it.
    arguments : dict
        What the environment's class is given, beside what its registration says;
        ``max_episode_steps`` is for Gymnasium itself.

    Returns
    -------
    str or EnvSpec
        The id itself if there are no arguments.

    Raises
    ------
    gymnasium.error.Error, ImportError
        If there are arguments, and no such environment.
    """
    if not arguments:
        return env_id
    module, _, name = env_id.rpartition(":")
    if module:
        importlib.import_module(module)
    spec = copy.deepcopy(gymnasium.spec(name))
    given = dict(arguments)
    spec.max_episode_steps = given.pop("max_episode_steps", spec.max_episode_steps)
    spec.kwargs |= given
    return spec


def name_of(env_id: str, arguments: Mapping[str, Any]) -> str:
    """Return what an environment with arguments is called: it tells them all.

    Parameters
    ----------
    env_id : str
        Gymnasium id.
    arguments : dict
        See :func:`spec_of`.

    Returns
    -------
    str
        Such as ``Hopper-v5(frame_skip=2)``; the id itself if there are no arguments.
    """
    if not arguments:
        return env_id
    told = ", ".join(f"{key}={arguments[key]!r}" for key in sorted(arguments))
    return f"{env_id}({told})"


def folder_of(name: str) -> str:
    """Return a name as one of a folder, without what means something to a shell."""
    return re.sub(r"[^\w.,=()-]+", "_", name)
