"""Transformers of scikit-learn's and ours, as columns that are taken one by one."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate.policies._columns import Columns
from skimitate.preprocessing._normalizer import RunningNormalizer


def columns_of(transformer: Any, n_features: int | None = None) -> Columns:
    """Return what a fitted transformer does, if it takes columns one by one.

    Parameters
    ----------
    transformer : transformer, {"passthrough"} or None
        A :class:`skimitate.RunningNormalizer`; a scaler or a selector of
        scikit-learn's; a :class:`~sklearn.pipeline.Pipeline` or a
        :class:`~sklearn.compose.ColumnTransformer` of these.
    n_features : int or None, default=None
        Number of columns that it is given, where it does not know itself.

    Returns
    -------
    Columns

    Raises
    ------
    TypeError
        If it does something else.
    """
    if isinstance(transformer, Columns):
        return transformer
    if hasattr(transformer, "steps"):
        return _of_steps([step for _, step in transformer.steps], n_features)
    n_features = getattr(transformer, "n_features_in_", n_features)
    if transformer in (None, "passthrough") and n_features is not None:
        return Columns.all_of(n_features)
    read = _readers().get(type(transformer))
    if read is not None:
        return read(transformer)
    if _selects(transformer):
        return _chosen(n_features, transformer.get_support(indices=True))
    raise TypeError(
        "expected transformers that take columns one by one (RunningNormalizer, "
        "StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, selectors, "
        f"ColumnTransformer of these), got {transformer!r}"
    )


def _of_steps(steps: list[Any], n_features: int | None) -> Columns:
    """Return what steps do one after the other."""
    columns = columns_of(steps[0], n_features) if steps else None
    if columns is None:
        raise TypeError("expected a pipeline with steps, got none")
    for step in steps[1:]:
        columns = columns.then(columns_of(step, columns.n_columns))
    return columns


def _readers() -> dict[type, Callable[[Any], Columns]]:
    """Return how the classes are read; a subclass may do anything."""
    # Whoever has an instance has loaded these.
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import (
        FunctionTransformer,
        MaxAbsScaler,
        MinMaxScaler,
        RobustScaler,
        StandardScaler,
    )

    return {
        ColumnTransformer: _of_column_transformer,
        FunctionTransformer: _of_function_transformer,
        MaxAbsScaler: _of_max_abs_scaler,
        MinMaxScaler: _of_min_max_scaler,
        RobustScaler: _of_robust_scaler,
        RunningNormalizer: _of_running_normalizer,
        StandardScaler: _of_standard_scaler,
    }


def _selects(transformer: Any) -> bool:
    """Tell whether it is a selector, which transforms as all of them do."""
    from sklearn.feature_selection import SelectorMixin

    return (
        isinstance(transformer, SelectorMixin)
        and type(transformer).transform is SelectorMixin.transform
    )


def _scaled(
    n_features: int,
    mean: ArrayLike | None,
    scale: ArrayLike | None,
    low: float = -np.inf,
    high: float = np.inf,
) -> Columns:
    """Return all columns, in other units."""
    return Columns(
        n_features,
        range(n_features),
        np.zeros(n_features) if mean is None else mean,
        np.ones(n_features) if scale is None else scale,
        np.full(n_features, low),
        np.full(n_features, high),
    )


def _chosen(n_features: int | None, indices: NDArray[np.intp]) -> Columns:
    """Return some columns as they are."""
    if n_features is None or not len(indices):
        raise TypeError(f"expected some of the columns, got {len(indices)}")
    n, ends = len(indices), np.full(len(indices), np.inf)
    return Columns(n_features, indices, np.zeros(n), np.ones(n), -ends, ends)


def _of_running_normalizer(normalizer: Any) -> Columns:
    clip = np.inf if normalizer.clip is None else normalizer.clip
    return _scaled(
        normalizer.n_features_in_,
        normalizer.mean_ if normalizer.with_mean else None,
        normalizer.scale_ if normalizer.with_std else None,
        -clip,
        clip,
    )


def _of_standard_scaler(scaler: Any) -> Columns:
    mean = scaler.mean_ if scaler.with_mean else None
    return _scaled(scaler.n_features_in_, mean, scaler.scale_)


def _of_robust_scaler(scaler: Any) -> Columns:
    return _scaled(scaler.n_features_in_, scaler.center_, scaler.scale_)


def _of_max_abs_scaler(scaler: Any) -> Columns:
    # Versions of scikit-learn since 1.9 can clip.
    end = 1.0 if getattr(scaler, "clip", False) else np.inf
    return _scaled(scaler.n_features_in_, None, scaler.scale_, -end, end)


def _of_min_max_scaler(scaler: Any) -> Columns:
    low, high = scaler.feature_range if scaler.clip else (-np.inf, np.inf)
    mean, scale = -scaler.min_ / scaler.scale_, 1.0 / scaler.scale_
    return _scaled(scaler.n_features_in_, mean, scale, low, high)


def _of_function_transformer(transformer: Any) -> Columns:
    if transformer.func is not None:
        raise TypeError(f"expected no function of somebody's, got {transformer!r}")
    return Columns.all_of(transformer.n_features_in_)


def _of_column_transformer(transformer: Any) -> Columns:
    """Return the columns of all parts side by side."""
    everything = np.arange(transformer.n_features_in_)
    names = getattr(transformer, "feature_names_in_", everything).tolist()
    parts = []
    for name, step, which in transformer.transformers_:
        indices = everything[_positions(which, names)]
        if (isinstance(step, str) and step == "drop") or not len(indices):
            continue
        chosen = _chosen(len(everything), indices)
        part = chosen.then(columns_of(step, len(indices)))
        parts.append(_weighted(part, (transformer.transformer_weights or {}).get(name)))
    if not parts:
        raise TypeError(f"expected some of the columns, got none of {transformer!r}")
    joined = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("indices", "mean", "scale", "low", "high")
    )
    return Columns(len(everything), *joined)


def _positions(which: Any, names: list[Any]) -> Any:
    """Return what picks the columns that a part of a ColumnTransformer is given."""
    if isinstance(which, slice):
        first, last = which.start, which.stop
        if isinstance(first, str):
            first = names.index(first)
        if isinstance(last, str):  # of names the last one belongs to them
            last = names.index(last) + 1
        return slice(first, last, which.step)
    if isinstance(which, str) or not np.ndim(which):
        which = [which]
    return [names.index(one) if isinstance(one, str) else one for one in which]


def _weighted(columns: Columns, weight: float | None) -> Columns:
    """Return columns that are multiplied by a weight, as a ColumnTransformer does."""
    if weight is None:
        return columns
    if not weight > 0:
        raise TypeError(f"expected transformer_weights above 0, got {weight!r}")
    scale = np.full(columns.n_columns, 1.0 / weight)
    return columns.then(_scaled(columns.n_columns, None, scale))
