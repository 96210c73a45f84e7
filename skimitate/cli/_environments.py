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
        Environment id.
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
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{option}: cannot make {env_id!r}: {reason}") from error
    try:
        spaces_of(made_by)
    except ValueError as error:
        # Of an environment that was made, the spaces are at fault.
        if given and error.__cause__ is not None:
            raise ValueError(
                f"--env-arg: cannot make {name}: {error.__cause__}"
            ) from error
        raise ValueError(f"{option}: {str(error).removeprefix('env: ')}") from error
    return NamedEnv(made_by, name)
