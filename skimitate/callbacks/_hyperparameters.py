"""The parameters of an estimator, as TensorBoard's dashboard of them takes them."""

import math
import re
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from skimitate.callbacks._event_file import Value

# An address in memory would be another one in each run.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def hyperparameters_of(estimator: Any, names: Iterable[str] | None) -> dict[str, Value]:
    """Return what an estimator was set to.

    Parameters
    ----------
    estimator : estimator
        Its parameters, and those of the estimators in it.
    names : iterable of str or None
        Those to return; None for all but estimators, whose own parameters tell what
        they are.

    Returns
    -------
    dict of str to bool, int, float or str
    """
    params = estimator.get_params(deep=True)
    if names is None:
        names = [n for n, value in params.items() if not _has_parameters_in(value)]
    return as_values({name: params[name] for name in names if name in params})


def as_values(params: Mapping[str, Any]) -> dict[str, Value]:
    """Return parameters as numbers, truth values and text."""
    return {name: _as_value(value) for name, value in params.items()}


def searched_by(search: Any) -> list[str] | None:
    """Return the names of the parameters that a search is over, if it tells them."""
    grids = getattr(search, "param_grid", getattr(search, "param_distributions", None))
    if grids is None:
        return None
    grids = [grids] if isinstance(grids, Mapping) else grids
    return sorted({name for grid in grids for name in grid})


def _has_parameters_in(value: Any) -> bool:
    if isinstance(value, list | tuple) and value and isinstance(value[0], tuple):
        return True  # the steps of a pipeline
    return hasattr(value, "get_params")


def _as_value(value: Any) -> Value:
    if isinstance(value, bool | np.bool_ | str):
        return value if isinstance(value, str) else bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    if isinstance(value, np.ndarray):
        return str(value.tolist())
    if value is None or isinstance(value, Real | list | tuple | dict):
        return _without_addresses(str(value))
    if hasattr(value, "get_params") and not isinstance(value, type):
        return _without_addresses(repr(value))  # which scikit-learn shortens
    name = getattr(value, "__name__", type(value).__name__)
    code = getattr(value, "__code__", None)
    return f"{name} {_place_of(code)}" if name == "<lambda>" and code else str(name)


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub("", " ".join(text.split()))


def _place_of(code: CodeType) -> str:
    """Return what tells functions without a name apart, those of one line too."""
    # The columns are missing where Python was told to leave them out.
    column = max(start or 0 for _, _, start, _ in code.co_positions())
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}:{column}"
