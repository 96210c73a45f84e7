"""Whether a graph does what the policy does that it was made of."""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.formats._bounds import Bounds
from skimitate.formats._standard_units import units_of
from skimitate.formats.onnx._graph import classes_of, state_size
from skimitate.formats.onnx._session import session_of
from skimitate.policies._columns import Columns
from skimitate.policies._history_policy import HistoryPolicy

# As many episodes side by side, and steps of each.
_N_ROWS, _N_STEPS = 200, 4

# How far actions may be off: a share of the spread of what a policy does, beside the
# rounding of float32 to numbers of their size. Networks come to a hundredth of that.
_SHARE, _ROUNDING = 1e-4, 1e-6

# Of classes that are equally likely rounding decides: as few may differ.
_SHARE_OF_CLASSES = 0.01


def check_same(content: bytes, policy: Any, bounds: Bounds | None) -> None:
    """Raise if a model does other things than the policy that it was made of.

    Parameters
    ----------
    content : bytes
        Of the model.
    policy : policy
        As :func:`skimitate.formats._exportable.exportable` returns it; not changed.
    bounds : tuple of ndarray of shape (n_outputs,), or None
        Between which the model clips.

    Raises
    ------
    ValueError
        If actions differ by more than what is due to float32.
    """
    session = session_of(content)
    policy = copy.deepcopy(policy)
    policy.reset()
    rng = np.random.default_rng(0)
    # What an episode that has ended may have left.
    state = np.full((_N_ROWS, state_size(policy)), np.nan, dtype=np.float32)
    for step in range(_N_STEPS):
        rows = _observations(policy, rng)
        feed: dict[str, NDArray] = {"observation": rows}
        if policy.is_stateful:
            begins = np.full(_N_ROWS, step == 0)
            feed |= {"state": state, "episode_start": begins}
        actions, *rest = session.run(None, feed)
        state = rest[0] if rest else state
        expected = policy.act(rows.astype(np.float64))
        if classes_of(policy) is not None:
            _check_classes(actions, expected)
        else:
            if bounds is not None:
                expected = np.clip(expected, *bounds)
            _check_numbers(actions, expected)


def _check_classes(found: NDArray, expected: NDArray) -> None:
    share = np.mean((found != expected).any(axis=1))
    if share > _SHARE_OF_CLASSES:
        raise ValueError(
            "policy: expected one that float32 can compute, but in ONNX it takes "
            f"another class in {share:.1%} of cases"
        )


def _check_numbers(found: NDArray, expected: NDArray) -> None:
    spread = np.ptp(expected, axis=0)
    limit = _SHARE * spread + _ROUNDING * np.abs(expected).max(axis=0)
    off = np.abs(found - expected).max(axis=0)
    if not (off <= limit).all():  # nor NaN
        worst = int(np.argmax(np.nan_to_num(off - limit, nan=np.inf)))
        raise ValueError(
            "policy: expected one that float32 can compute, but in ONNX its actions "
            f"are off by up to {off[worst]:.3g}, of a spread of {spread[worst]:.3g}"
        )


def _observations(policy: Any, rng: np.random.Generator) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return _rows(policy, rng).astype(np.float32)


def _rows(policy: Any, rng: np.random.Generator) -> NDArray:
    """Return observations that are like what a policy has learnt from."""
    units = units_of(policy)
    if units is not None:
        return units[0] + units[1] * rng.normal(size=(_N_ROWS, policy.n_features))
    if isinstance(policy, HistoryPolicy):
        return _rows(policy.policy, rng)[:, : policy.n_features]
    shown, transformer = _rows(policy.policy, rng), policy.transformer
    if isinstance(transformer, Columns):
        rows = rng.normal(size=(_N_ROWS, policy.n_features))
        rows[:, transformer.indices] = transformer.mean + transformer.scale * shown
        return rows
    try:
        return np.asarray(transformer.inverse_transform(shown))
    except Exception:  # not all have one, nor takes each what it could not give
        return rng.normal(size=(_N_ROWS, policy.n_features))
