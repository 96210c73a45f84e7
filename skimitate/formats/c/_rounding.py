"""How far off a policy is whose weights are rounded."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._layout import Layout
from skimitate.formats._networks import classes_of, network_of
from skimitate.formats._standard_units import units_of
from skimitate.policies._recurrent_policy import RecurrentPolicy

# Observations that it is measured on: so many episodes of so many steps.
_N_EPISODES = 200
_N_STEPS = 20


def rounding_error(policy: Any, keep: Callable[[NDArray], Any]) -> str:
    """Say how far off actions are once weights are rounded.

    Parameters
    ----------
    policy : policy
        Of known parts; see :func:`skimitate.formats._exportable.exportable`.
    keep : callable
        From weights (n_networks, n_outputs, n_inputs) to an object whose ``values``
        are those that are kept.

    Returns
    -------
    str
        A sentence. Of numbers the largest deviation and the root of the mean square of
        each, in parts of the standard deviation of the exact actions; of classes how
        many are others. Observations are normal, with the mean and the scale that the
        policy has for each.
    """
    exact, rounded = deepcopy(policy), deepcopy(policy)
    _round(network_of(rounded), keep)
    units = units_of(policy)
    assert units is not None  # all its transformers are columns
    mean, scale = units
    rng = np.random.default_rng(0)
    shape = _N_STEPS, _N_EPISODES, len(mean)
    observations = mean + scale * rng.standard_normal(shape)
    expected, found = (_acted(one, observations) for one in (exact, rounded))
    drawn = f"on {len(expected):,} observations drawn in the policy's own units"
    if classes_of(policy) is not None:
        differ = (expected != found).any(axis=1).mean()
        return (
            f"Rounded weights make {100 * differ:.3g} % of the actions others {drawn}."
        )
    spread = expected.std(axis=0)
    off = np.abs(found - expected) / np.where(spread > 0.0, spread, 1.0)
    largest, typical = (
        ", ".join(f"{value:.2g}" for value in values)
        for values in (off.max(axis=0), np.sqrt((off**2).mean(axis=0)))
    )
    return (
        f"Rounded weights move the actions by at most {largest} and by {typical} (root "
        f"mean square) of their standard deviation {drawn}."
    )


def _round(network: Any, keep: Callable[[NDArray], Any]) -> None:
    """Let a network have the weights that are kept."""
    if isinstance(network, RecurrentPolicy):
        layout = network.architecture.layout
    else:
        layout = Layout(network.layer_sizes)
    for layer in layout.layers(network.vectors):
        layer.weight[:] = keep(layer.weight).values


def _acted(policy: Any, observations: NDArray) -> NDArray:
    """Return the actions of episodes side by side."""
    policy.reset()
    return np.concatenate([policy.act(step) for step in observations])
