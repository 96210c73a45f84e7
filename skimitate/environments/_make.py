"""Environments: made, lent and closed."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeGuard

import gymnasium
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import VectorEnv
from joblib import effective_n_jobs

from skimitate._callers import levels_to_the_user
from skimitate.environments._mujoco import warnings_once
from skimitate.environments._spaces import Spaces

OpenEnv = gymnasium.Env | VectorEnv
EnvLike = str | EnvSpec | Callable[[], OpenEnv] | OpenEnv


@contextmanager
def open_env(
    env: EnvLike, unclosed: Callable[[str], None] | None = None
) -> Iterator[OpenEnv]:
    """Make an environment and close it in every case; a live one is lent, not closed.

    What was done in an environment is worth no less if it cannot be closed: that is no
    error but a warning, and a note where there is another error.

    Parameters
    ----------
    env : str, EnvSpec, callable, gymnasium.Env or gymnasium.vector.VectorEnv
        A Gymnasium id, a specification, or a callable without arguments that makes an
        environment or a vector environment; or one of these.
    unclosed : callable or None, default=None
        Called with what to warn of if ``close()`` raises, in place of a warning.

    Yields
    ------
    gymnasium.Env or gymnasium.vector.VectorEnv
        With spaces that :class:`Spaces` takes.

    Raises
    ------
    ValueError
        If there is no such environment, or its spaces are others.
    TypeError
        If ``env`` is none of these.

    Warns
    -----
    UserWarning
        If ``close()`` raises.
    """
    with warnings_once(env):
        made = make_env(env)
        try:
            Spaces(made)
            yield made
        except BaseException as error:
            trouble = None if made is env else _close(made)
            if trouble is not None:
                error.add_note(trouble)
            raise
        trouble = None if made is env else _close(made)
        if trouble is not None:
            (unclosed or warn_unclosed)(trouble)


def warn_unclosed(trouble: str) -> None:
    """Warn of an environment that could not be closed."""
    warnings.warn(trouble, UserWarning, stacklevel=levels_to_the_user())


def _close(env: OpenEnv) -> str | None:
    """Close an environment; return what to say if it cannot be."""
    try:
        env.close()
    except Exception as error:
        return f"env: close() raised {error!r}; what it did before that counts"
    return None


def make_env(env: EnvLike) -> OpenEnv:
    """Make an environment that somebody else closes; a live one is returned as it is.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        See :func:`open_env`.

    Returns
    -------
    gymnasium.Env

    Raises
    ------
    ValueError
        If there is no such environment.
    TypeError
        If ``env`` is none of these.
    """
    if is_live(env):
        if isinstance(env, VectorEnv) and getattr(env, "closed", False):
            raise ValueError(
                f"env: expected an open vector environment, got {env}, which was closed"
            )
        return env
    if isinstance(env, (str, EnvSpec)):
        try:
            # Gymnasium's checker looks at every step; so do we.
            return gymnasium.make(env, disable_env_checker=True)
        except Exception as error:  # whatever the environment's module raises
            message = (str(error) or repr(error)).splitlines()[0]
            raise ValueError(f"env: cannot make {env!r}: {message}") from error
    if not callable(env):
        raise TypeError(
            "env: expected an environment id, an EnvSpec or a callable that makes an "
            f"environment, got {env!r}"
        )
    try:
        made = env()
    except Exception as error:
        raise ValueError(f"env: raised {error!r} when it was made") from error
    if not is_live(made):
        raise TypeError(
            "env: expected a callable that makes a gymnasium.Env or a "
            f"gymnasium.vector.VectorEnv, got {made!r} from it"
        )
    return made


def is_live(env: Any) -> TypeGuard[OpenEnv]:
    """Tell whether it is an environment already, and not what makes one.

    Parameters
    ----------
    env : object
        What was given as one.

    Returns
    -------
    bool
    """
    return isinstance(env, (gymnasium.Env, VectorEnv))


@contextmanager
def shared_env(env: EnvLike | None, n_jobs: int | None) -> Iterator[Any]:
    """Open an environment once for many calls of ``run_episodes``.

    Parameters
    ----------
    env : str, EnvSpec, callable, gymnasium.Env or None
        See :func:`open_env`.
    n_jobs : int or None
        Number of processes of these calls, in joblib's terms.

    Yields
    ------
    gymnasium.Env, or what was given
        An open environment if there is one job. Several jobs make their own, of what
        was given.
    """
    n_parts = 1 if env is None else effective_n_jobs(n_jobs)
    refuse_live(env, n_parts)
    if env is None or n_parts > 1:
        yield env
    else:
        with open_env(env) as opened:
            yield opened


def refuse_live(env: EnvLike | None, n_parts: int) -> None:
    """Raise if several jobs would have to share a live environment."""
    if is_live(env) and n_parts > 1:
        raise ValueError(
            "env: expected an id, an EnvSpec or a callable that makes an environment "
            f"to run {n_parts} jobs, got a live environment"
        )


def spaces_of(env: EnvLike) -> Spaces:
    """Return the spaces of an environment, which is made for that if it is not live.

    Parameters
    ----------
    env : str, EnvSpec, callable or gymnasium.Env
        See :func:`open_env`.

    Returns
    -------
    Spaces

    Raises
    ------
    ValueError, TypeError
        As :func:`open_env`.
    """
    with open_env(env) as opened:
        return Spaces(opened)


def env_widths(env: EnvLike) -> tuple[int, int]:
    """Return the number of observation and of action dimensions of an environment."""
    spaces = spaces_of(env)
    return spaces.n_features, spaces.n_outputs
