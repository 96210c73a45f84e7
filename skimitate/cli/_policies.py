"""Experts and policies that arguments name, for an environment that exists."""

from pathlib import Path
from typing import Any


def find_expert(env: str, spec: str | None) -> Any:
    """Return the expert that the arguments name.

    Parameters
    ----------
    env : str
        Environment id.
    spec : str or None
        What ``--expert`` says; None for the bundled expert.

    Returns
    -------
    callable or object with act or predict

    Raises
    ------
    ValueError, FileNotFoundError, ImportError
        If there is no such environment or expert, or it is for another environment.
    """
    from skimitate.data._bundled import bundled_files
    from skimitate.environments._make import env_widths
    from skimitate.experts._load import check_expert, resolve_expert

    env_widths(env)
    bundled = bundled_files("experts")
    if spec is None and env not in bundled:
        raise ValueError(
            f"there is no bundled expert for {env}, only for "
            f"{', '.join(sorted(bundled))}; name one by --expert"
        )
    expert = resolve_expert(spec or env)
    check_expert(env, expert)
    return expert


def expert_of_row(env: str, spec: str | None, n_envs: int) -> str:
    """Return what names the expert for one of several environments.

    Parameters
    ----------
    env : str
        Environment id.
    spec : str or None
        What ``--expert`` says: here it may be a folder of CS294 files as well.
    n_envs : int
        Number of environments.

    Returns
    -------
    str
        What :func:`find_expert` takes.

    Raises
    ------
    ValueError, FileNotFoundError
        If nothing names an expert for this environment, or one for several.
    """
    from skimitate.data._bundled import bundled_files

    if spec is None:
        bundled = bundled_files("experts")
        if env not in bundled:
            raise ValueError(
                f"ENV: expected one of {', '.join(sorted(bundled))}, got {env!r}; for "
                "another environment, give its id and its expert: --expert FILE or "
                "--expert module:callable"
            )
        return env
    if Path(spec).is_dir():
        file = Path(spec) / f"{env.rpartition('-')[0]}-v1.pkl"
        if not file.is_file():
            raise FileNotFoundError(f"--expert: no such file: {file}, for {env}")
        return str(file)
    if n_envs > 1:
        raise ValueError(
            f"--expert: expected a folder of CS294 expert files for {n_envs} "
            f"environments, got {spec!r}, which is one expert"
        )
    return spec


def find_policy(env: str, path: str | Path, option: str = "--policy") -> Any:
    """Load a model that joblib saved.

    Parameters
    ----------
    env : str
        Environment id.
    path : str or Path
        The file.
    option : str, default="--policy"
        What errors call it.

    Returns
    -------
    estimator

    Raises
    ------
    ValueError, FileNotFoundError
        If there is no such environment or file, or the model is for another one.
    """
    import joblib

    from skimitate.environments._make import env_widths

    if not Path(path).is_file():
        raise FileNotFoundError(f"{option}: no such file: {path}")
    n_features, _ = env_widths(env)
    try:
        policy = joblib.load(path)
    except Exception as error:  # a file that is none makes anything of an unpickler
        raise ValueError(
            f"{option}: expected a model saved by joblib, but {path} gave {error!r}"
        ) from error
    fitted = getattr(policy, "n_features_in_", n_features)
    if fitted != n_features:
        raise ValueError(
            f"{option}: {env} has {n_features} observation dimensions, and the model "
            f"was fitted to {fitted}; give one for {env}"
        )
    return policy
