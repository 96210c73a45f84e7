"""Experts and policies that arguments name, checked against their environment."""

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from skimitate.cli._environments import NamedEnv

# Files that are pickles, or hold some, or are programs. A .pkl is none that runs: see
# load_expert.
_RUN_CODE = (".h", ".joblib", ".pt", ".pt2", ".pth", ".zip")
# Those that run and clone keep beside a safetensors file of the same policy.
_KEPT_TWICE = (".joblib",)


def find_expert(env: NamedEnv, env_id: str, spec: str | None) -> Any:
    """Return the expert that the arguments name.

    Parameters
    ----------
    env : NamedEnv
        The environment.
    env_id : str
        Its id, which the bundled experts go by.
    spec : str or None
        What ``--expert`` says; None for the bundled expert.

    Returns
    -------
    callable or object with act or predict

    Raises
    ------
    ValueError, TypeError, OSError, ImportError
        If there is no such expert, or it is for another environment.
    """
    from skimitate.experts._bundled import bundled_experts

    bundled = bundled_experts()
    if spec is None and env_id not in bundled:
        alike = get_close_matches(env_id, bundled, n=1)
        raise ValueError(
            f"--expert: there is no bundled expert for {env_id}, only for "
            f"{', '.join(bundled)}; "
            + (f"did you mean {alike[0]}? Or " if alike else "")
            + "name one: --expert FILE or --expert module:callable"
        )
    return find_policy(env, spec or env_id, "--expert")


def find_policy(env: NamedEnv, spec: str | Path, option: str = "--policy") -> Any:
    """Return what an option names as an expert or a policy for an environment.

    Parameters
    ----------
    env : NamedEnv
        The environment.
    spec : str or Path
        See :func:`skimitate.load_expert`.
    option : str, default="--policy"
        What errors call it.

    Returns
    -------
    callable or object with act or predict

    Raises
    ------
    ValueError, TypeError, OSError, ImportError
        If there is no such thing, or it is for another environment.
    """
    from skimitate.experts._check import check_expert

    actor = load_policy_named(spec, option)
    check_expert(env.made_by, actor, option, env.name)
    return actor


def load_policy_named(spec: str | Path, option: str) -> Any:
    """Return what an option names, whatever environment it is for.

    Of a file that runs code when it is read, that is said first. In place of a joblib
    file is taken what save_policy wrote, if it lies beside it under the same name and
    is no older.

    Parameters
    ----------
    spec : str or Path
        See :func:`skimitate.load_expert`.
    option : str
        What errors call it.

    Returns
    -------
    callable or object with act or predict

    Raises
    ------
    ValueError, TypeError, OSError, ImportError
        If there is no such thing.
    """
    from skimitate.experts._load import load_actor

    actor = load_actor(_safest(spec, option), option)
    statistics = getattr(actor, "statistics_path", None)
    if statistics is not None:
        print(f"{option}: {spec} sees observations normalized by {statistics}")
    return actor


def _safest(spec: str | Path, option: str) -> str | Path:
    """Return which file to read, and say what is to be known of it."""
    path = Path(spec)
    if path.suffix.lower() not in _RUN_CODE or not path.is_file():
        return spec
    beside = path.with_suffix(".safetensors")
    is_twice = path.suffix.lower() in _KEPT_TWICE and beside.is_file()
    # An older one may be of another training.
    if is_twice and beside.stat().st_mtime_ns >= path.stat().st_mtime_ns:
        print(
            f"{option}: {beside} is read in place of {path}, which can run code",
            file=sys.stderr,
        )
        return beside
    print(
        f"{option}: reading {path} can run code that it contains; files of save_policy "
        "(.safetensors) cannot",
        file=sys.stderr,
    )
    return spec


def expert_of_row(env_id: str, spec: str | None, n_envs: int) -> str | None:
    """Return what names the expert for one of several environments.

    Parameters
    ----------
    env_id : str
        Environment id.
    spec : str or None
        What ``--expert`` says: here it may be a folder of CS294 files as well.
    n_envs : int
        Number of environments.

    Returns
    -------
    str or None
        What :func:`find_expert` takes.

    Raises
    ------
    ValueError, FileNotFoundError
        If nothing names an expert for this environment, or one for several.
    """
    if spec is None:
        return None
    if Path(spec).is_dir():
        file = Path(spec) / f"{env_id.rpartition('-')[0]}-v1.pkl"
        if not file.is_file():
            raise FileNotFoundError(f"--expert: no such file: {file}, for {env_id}")
        return str(file)
    if n_envs > 1:
        raise ValueError(
            f"--expert: expected a folder of CS294 expert files for {n_envs} "
            f"environments, got {spec!r}, which is one expert"
        )
    return spec
