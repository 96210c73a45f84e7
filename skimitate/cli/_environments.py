"""The environment that arguments name."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class NamedEnv(NamedTuple):
    """An environment that can be made, and what it is called."""

    made_by: Any
    name: str


def find_env(
    env_id: str, arguments: Sequence[tuple[str, Any]], option: str = "ENV"
) -> NamedEnv:
    """Return the environment that the arguments name, once it was made to try it.

    Parameters
    ----------
    env_id : str
        Environment id, or what :func:`spec_of` takes besides.
    arguments : sequence of (str, object)
        What ``--env-arg`` says.
    option : str, default="ENV"
        What errors call the id.

    Returns
    -------
    NamedEnv

    Raises
    ------
    ValueError
        If there is no such environment, its spaces are not supported, or it does not
        take the arguments.
    """
    from skimitate.environments._make import spaces_of
    from skimitate.environments._spec import name_of, spec_of

    given = dict(arguments)
    name = name_of(env_id, given)
    try:
        made_by = spec_of(env_id, given)
    except Exception as error:  # whatever the environment's module raises
        raise ValueError(
            f"{option}: cannot make {env_id!r}: {_first_line(error)}"
        ) from error
    try:
        spaces_of(made_by)
    except ValueError as error:
        reason = error.__cause__
        if reason is None:  # it was made, and its spaces are at fault
            raise ValueError(f"{option}: {str(error).removeprefix('env: ')}") from error
        told = f"--env-arg: cannot make {name}" if given else ""
        raise ValueError(
            f"{told or f'{option}: cannot make {env_id!r}'}: {_first_line(reason)}"
            f"{_way_out(made_by, env_id)}"
        ) from error
    return NamedEnv(made_by, name)


def _first_line(error: BaseException) -> str:
    return (str(error) or repr(error)).partition("\n")[0].removesuffix(".")


def _way_out(made_by: Any, env_id: str) -> str:
    """Return what helps where a call of what a module holds makes no environment."""
    if getattr(made_by, "id", None) != env_id or ":" not in env_id:
        return ""
    return (
        "; give what it needs by --env-arg KEY=VALUE, or register it "
        f"(gymnasium.register) and give {env_id.rpartition(':')[0]}:ID"
    )
