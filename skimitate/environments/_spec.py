"""Environments that take arguments: what makes one, and what it is called."""

import copy
import importlib
import re
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec


def spec_of(env_id: str, arguments: Mapping[str, Any]) -> str | EnvSpec:
    """Return what makes an environment with arguments.

    Parameters
    ----------
    env_id : str
        Gymnasium id, after the name of a module and a colon if that registers it; or
        ``module:name`` of an environment class, or of a function that makes one.
    arguments : dict
        What the environment's class is given, beside what its registration says;
        ``max_episode_steps`` is for Gymnasium itself.

    Returns
    -------
    str or EnvSpec
        The id itself if there are no arguments and it is one.

    Raises
    ------
    gymnasium.error.Error, ImportError, ValueError
        If there is no such environment, and there are arguments or a module.
    TypeError
        If the module holds something else.
    """
    module, _, name = env_id.rpartition(":")
    if module:
        importlib.import_module(module)
    spec = None
    if module and name not in gymnasium.registry:
        spec = _spec_of_maker(env_id, module, name)
    if spec is None:
        if not arguments:
            return env_id
        spec = copy.deepcopy(gymnasium.spec(name))
    given = dict(arguments)
    spec.max_episode_steps = given.pop("max_episode_steps", spec.max_episode_steps)
    spec.kwargs |= given
    return spec


def _spec_of_maker(env_id: str, module: str, name: str) -> EnvSpec | None:
    """Return the specification of what a module holds; None if Gymnasium has one."""
    try:
        maker = attrgetter(name)(importlib.import_module(module))
    except AttributeError:
        if name in {spec.name for spec in gymnasium.registry.values()}:
            return None  # of which the newest version is made
        try:
            return gymnasium.spec(name)
        except gymnasium.error.Error as error:
            raise ValueError(
                f"{module} holds no {name}, and Gymnasium says: {error}"
            ) from error
    if not callable(maker):
        raise TypeError(
            "expected an environment class, a function that makes an environment, or "
            f"the id of one that {module} registers (gymnasium.register), got {maker!r}"
        )
    # As in Python: made by a call, and nothing around it.
    return EnvSpec(env_id, entry_point=maker, order_enforce=False)


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
