"""What makes two runs of DAgger the same: parameters, data, expert, versions."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from typing import Any

import joblib
import numpy as np

from skimitate._versions import unstamped
from skimitate.dagger._settled import Given

# What decides where a run happens and what it tells, not what comes of it.
_ASIDE = {"checkpoint_dir", "env", "estimator", "expert", "n_jobs", "verbose"}
_ASIDE |= {"query_timeout"}

_PACKAGES = ("skimitate", "scikit-learn", "numpy", "torch", "gymnasium", "mujoco")

_ATOMS = (bool, int, float, complex, str, bytes, type(None))


def identity_of(
    dagger: Any, prototype: Any, given: Given, *, begun_by: str
) -> dict[str, str]:
    """Describe all that determines a run.

    Parameters
    ----------
    dagger : estimator
        With the parameters of :class:`skimitate.DAggerRegressor`.
    prototype : estimator
        The learner, not fitted.
    given : Given
        What the user gave.
    begun_by : str
        The method that began it.

    Returns
    -------
    dict of str to str
        Of each part, by its name: what it is, as far as it can be told in another
        process. Callables are told by their names, experts also by the checksum of
        their parameters, arrays by that of their values.
    """
    own = dagger.get_params(deep=False)
    described = {"begun by": begun_by, "type": _name_of(type(dagger))}
    described |= {n: _describe(own[n]) for n in sorted(own.keys() - _ASIDE)}
    described |= dict(_described_learner(prototype))
    described["env"] = _describe_env(dagger.env)
    described["expert"] = _describe_expert(dagger.expert)
    parts = {**given._asdict(), **given.fit_params}
    del parts["fit_params"]
    for name, value in parts.items():
        described[name] = _describe_given(value)
    for package in _PACKAGES:
        described[f"version of {package}"] = _version_of(package)
    return described


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say in what two runs differ.

    Parameters
    ----------
    before, now : mapping of str to str
        From :func:`identity_of`.

    Returns
    -------
    list of str
        Empty if they are the same.
    """
    names = [*before, *(name for name in now if name not in before)]
    return [
        f"{name} was {before.get(name, 'not there')} and is "
        f"{now.get(name, 'not there')}"
        for name in names
        if before.get(name) != now.get(name)
    ]


def _described_learner(prototype: Any) -> Iterator[tuple[str, str]]:
    yield "estimator", _name_of(type(prototype))
    if not hasattr(prototype, "get_params"):
        return
    for name, value in sorted(prototype.get_params(deep=True).items()):
        if name.rpartition("__")[2] not in ("n_jobs", "verbose"):
            yield f"estimator__{name}", _describe(value)


def _describe(value: Any) -> str:
    """Describe the value of a parameter."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _ATOMS):
        return repr(value)
    if isinstance(value, np.random.RandomState):
        return "a RandomState"  # which goes on; a run keeps the seeds that it gave
    if isinstance(value, np.ndarray):
        return _describe_data(value)
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_describe, value))})"
    if isinstance(value, Mapping):
        pairs = (f"{key!r}: {_describe(value[key])}" for key in sorted(value, key=repr))
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, partial):
        parts = map(_describe, (value.func, value.args, value.keywords))
        return f"partial({', '.join(parts)})"
    if isinstance(value, type) or hasattr(value, "__qualname__"):
        return _name_of(value) + _closed_over(value)
    return _name_of(type(value)) + _parameters_of(value)


def _closed_over(function: Any) -> str:
    """Describe the numbers and texts that a function takes from around it."""
    told = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            content = cell.cell_contents
        except ValueError:  # of what has no value yet
            continue
        if _is_plain(content):
            told.append(_describe(content))
    return f" with ({', '.join(told)})" if told else ""


def _parameters_of(value: Any) -> str:
    """Describe what an object was made with, as far as it has kept that.

    What it has beside may change while it is used.
    """
    try:
        names = list(signature(type(value)).parameters)
    except (TypeError, ValueError):  # of what is not made by Python
        return ""
    kept = {n: vars(value)[n] for n in names if n in getattr(value, "__dict__", ())}
    is_ours = type(value).__module__.partition(".")[0] in ("skimitate", "sklearn")
    told = [
        f"{name}={_describe(part)}"
        for name, part in kept.items()
        if _is_plain(part) or (is_ours and callable(part))
    ]
    return f"({', '.join(told)})" if told else ""


def _is_plain(value: Any) -> bool:
    return isinstance(value, (*_ATOMS, np.generic, np.ndarray))


def _name_of(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _describe_env(env: Any) -> str:
    # Gymnasium's specifications have these, and environments that were made by one.
    spec = getattr(env, "spec", None) or env
    beside = _describe_vector(env) if hasattr(env, "num_envs") else ""
    if hasattr(spec, "id") and hasattr(spec, "kwargs"):
        told = [spec.kwargs, getattr(spec, "max_episode_steps", None)]
        told += [getattr(spec, "additional_wrappers", ())]
        return f"{spec.id} with {_describe(told)}{beside}"
    return f"{_describe(env)}{beside}"


def _describe_vector(env: Any) -> str:
    """Describe how many environments a vector environment has, and what it is told."""
    mode = env.metadata.get("autoreset_mode")
    # EnvPool's configuration, but for where it is installed.
    config = dict(getattr(env, "config", None) or {}, base_path=None)
    spaces = env.single_observation_space, env.single_action_space
    told = [env.num_envs, str(mode), config, *map(str, spaces)]
    return f" side by side: num_envs and more are {_describe(told)}"


def _describe_expert(expert: Any) -> str:
    checksum = _checksum_of_parameters(expert)
    known = "" if checksum is None else f" with the checksum {checksum}"
    return f"{_describe(expert)}{known}"


def _checksum_of_parameters(expert: Any) -> str | None:
    """Return a checksum of what an expert has learnt, if it can be seen."""
    for find in _PARAMETERS:
        try:
            found = find(expert)
            if found is not None:
                return joblib.hash(found)
        except Exception:  # whatever objects of any kind do when they are looked into
            continue
    return None


def _of_policy(expert: Any) -> Any:
    """Return those of a policy of skimitate: arrays and plain containers."""
    return unstamped(expert.__getstate__()) if hasattr(expert, "vectors") else None


def _of_file(expert: Any) -> Any:
    """Return the file that a policy of another format is."""
    content = getattr(expert, "content", None)
    return content if isinstance(content, bytes) else None


def _of_model(expert: Any) -> Any:
    """Return those of a model of stable-baselines3, or of a module of torch."""
    module = getattr(expert, "policy", expert)
    state = module.state_dict()
    return {name: np.asarray(value.detach().cpu()) for name, value in state.items()}


def _of_search(expert: Any) -> Any:
    return expert.best_estimator_


def _of_estimator(expert: Any) -> Any:
    return expert if hasattr(expert, "get_params") else None


def _of_method(expert: Any) -> Any:
    """Return the checksum for whose method it is."""
    return _checksum_of_parameters(expert.__self__)


_PARAMETERS: tuple[Callable[[Any], Any], ...] = (
    _of_policy,
    _of_file,
    _of_model,
    _of_search,
    _of_estimator,
    _of_method,
)


def _describe_given(value: Any) -> str:
    """Describe what a fit is given: arrays, data frames, lists of them, or settings."""
    if hasattr(value, "shape") or hasattr(value, "columns"):
        return _describe_data(value)
    if not isinstance(value, (list, tuple)):
        return _describe(value)
    try:
        return _describe_data(value)
    except ValueError:  # arrays of several shapes
        return f"({', '.join(map(_describe_given, value))})"


def _describe_data(value: Any) -> str:
    """Describe an array, or a data frame with the names of its columns."""
    array = np.asarray(value)
    columns = list(map(str, getattr(value, "columns", ())))
    checksum = joblib.hash((array.shape, array.dtype.str, columns, array.tolist())
                           if array.dtype == object else (columns, array))  # fmt: skip
    return f"an array of shape {array.shape} with the checksum {checksum}"


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
