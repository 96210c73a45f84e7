"""What a model begins with: the layers of one network, and what it counts in."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.cloning._layout import Layout
from skimitate.formats._exportable import exportable
from skimitate.formats.torch._export import check_units
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._columns import Columns
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._pipeline_policy import PipelinePolicy

Layers = list[tuple[NDArray, NDArray]]

# How far the unit of an action that was never seen begins below the mean of the others.
_UNSEEN = 3.0

# The least that any action is explored by, as a part of half of its space.
_LEAST_NOISE = 1e-3


@dataclass(frozen=True)
class Beginning:
    """One network without a memory, in parts.

    Parameters
    ----------
    n_features : int
        Number of observation dimensions.
    steps : list of dict
        How observations are standardized, one step after the other: arguments of
        :class:`skimitate.formats.torch._modules.Standardize`, as lists.
    activation : str
        Of the hidden layers.
    layers : list of tuple of ndarray
        Weights and biases of all layers.
    output_mean, output_scale : ndarray of shape (n_outputs,)
        What the last layer's outputs count in.
    classes : list of ndarray or None
        If actions are classes, those of each output.
    """

    n_features: int
    steps: list[dict[str, list]]
    activation: str
    layers: Layers
    output_mean: NDArray
    output_scale: NDArray
    classes: list[NDArray] | None

    @property
    def hidden(self) -> Layers:
        """The layers before the last one."""
        return self.layers[:-1]

    def check_fits(self, env: Any, *, squashed: bool) -> None:
        """Raise if an environment shows or takes something else.

        Parameters
        ----------
        env : gymnasium.Env or VecEnv
            The environment.
        squashed : bool
            Whether the algorithm needs a Box of actions with two ends.

        Raises
        ------
        ValueError
            If its spaces do not fit.
        """
        shown, taken = env.observation_space, env.action_space
        if _kind(shown) != "Box" or shown.shape != (self.n_features,):
            raise ValueError(
                f"env: expected observations of {self.n_features} dimensions, as the "
                f"policy has been shown them, got {shown}"
            )
        if self.classes is not None:
            if squashed:
                raise ValueError(
                    "algorithm: expected one for classes, such as PPO, got SAC, which "
                    "is for actions that are numbers"
                )
            _check_classes(self.classes, taken)
        elif _kind(taken) != "Box" or taken.shape != (len(self.output_mean),):
            raise ValueError(
                f"env: expected actions of {len(self.output_mean)} numbers, as the "
                f"policy gives them, got {taken}"
            )

    def last_layer(self, space: Any) -> tuple[NDArray, NDArray]:
        """Return what puts out actions as they are, or a number for each class.

        Parameters
        ----------
        space : gymnasium.spaces.Box, Discrete or MultiDiscrete
            Which fits.

        Returns
        -------
        weight, bias : ndarray
        """
        if self.classes is None:
            return self.last_layer_of_box(space, squashed=False)
        weight, bias = self.layers[-1]
        rows, biases, start = [], [], 0
        for known, n in zip(self.classes, _numbers_of(space), strict=True):
            own = np.s_[start : start + len(known)]
            start += len(known)
            # Never the highest: below the mean of those that were seen.
            rows.append(np.tile(weight[own].mean(axis=0), (n, 1)))
            biases.append(np.full(n, bias[own].mean() - _UNSEEN))
            rows[-1][known.astype(int)] = weight[own]
            biases[-1][known.astype(int)] = bias[own]
        return np.concatenate(rows), np.concatenate(biases)

    def last_layer_of_box(
        self, space: Any, *, squashed: bool
    ) -> tuple[NDArray, NDArray]:
        """Return what puts out actions as they are, or from -1 to 1.

        Parameters
        ----------
        space : gymnasium.spaces.Box
            Which fits.
        squashed : bool
            Whether the ends of the space are to be -1 and 1.

        Returns
        -------
        weight, bias : ndarray
        """
        weight, bias = self.layers[-1]
        scale, mean = self.output_scale, self.output_mean
        if squashed:
            half, middle = _half_and_middle(space)
            scale, mean = scale / half, (mean - middle) / half
        return weight * scale[:, np.newaxis], bias * scale + mean

    def noise(
        self, space: Any, exploration: float, *, squashed: bool
    ) -> NDArray[np.float64]:
        """Return the standard deviations of what is added to actions at first.

        Parameters
        ----------
        space : gymnasium.spaces.Box
            Which fits.
        exploration : float
            In what the outputs count in. It is some of the action space in any case:
            an action that was constant may count in next to nothing.
        squashed : bool
            See :meth:`last_layer_of_box`.

        Returns
        -------
        ndarray of shape (n_outputs,)
        """
        half, _ = _half_and_middle(space)
        noise = np.maximum(exploration * self.output_scale, _LEAST_NOISE * half)
        return noise / half if squashed else noise


def beginning_of(policy: Any) -> Beginning:
    """Return the parts of a policy.

    Parameters
    ----------
    policy : estimator or policy
        See :func:`skimitate.to_stable_baselines3`.

    Returns
    -------
    Beginning

    Raises
    ------
    TypeError
        If it is no network without a memory.
    ValueError
        If it is several, or has numbers that float32 cannot hold.
    """
    acting: Any = exportable(policy)
    n_features, steps = acting.n_features, []
    if isinstance(acting, PipelinePolicy):
        steps.append(_step_of(acting.transformer))
        acting = acting.policy
    classes = acting.classes if isinstance(acting, ClassPolicy) else None
    network = acting if classes is None else acting.units
    if not isinstance(network, NetworkPolicy):
        raise TypeError(
            "policy: expected a network without a memory, which the policies of "
            f"stable-baselines3 are, got {policy!r}"
        )
    if network.n_networks > 1:
        raise ValueError(
            "policy: expected one network, got the mean of n_networks="
            f"{network.n_networks}; fit a cloner with n_networks=1 to its actions"
        )
    units = network.units
    check_units(units)
    plain = {"mean": units.input_mean, "scale": units.input_scale}
    steps.append({name: values.tolist() for name, values in plain.items()})
    layers = Layout(network.layer_sizes).layers(network.vectors[0].astype(float))
    return Beginning(
        n_features,
        steps,
        network.activation,
        [(weight, bias) for weight, bias in layers],
        units.output_mean,
        units.output_scale,
        classes,
    )


def _step_of(columns: Columns) -> dict[str, list]:
    names = ("mean", "scale", "low", "high", "indices")
    return {name: getattr(columns, name).tolist() for name in names}


def _kind(space: Any) -> str:
    return type(space).__name__


def _half_and_middle(space: Any) -> tuple[NDArray, NDArray]:
    low, high = (np.asarray(end, dtype=np.float64) for end in (space.low, space.high))
    return (high - low) / 2.0, (high + low) / 2.0


def _numbers_of(space: Any) -> list[int]:
    """Return how many actions a space has for each output."""
    if _kind(space) == "Discrete":
        return [int(space.n)]
    return [int(n) for n in np.ravel(space.nvec)]


def _check_classes(classes: list[NDArray], space: Any) -> None:
    """Raise if classes are no actions of a space, by their numbers from 0."""
    problem = ValueError(
        "env: expected a Discrete or MultiDiscrete space of actions, numbered from 0, "
        f"that has the policy's classes {[one.tolist() for one in classes]}, got "
        f"{space}"
    )
    if _kind(space) not in ("Discrete", "MultiDiscrete"):
        raise problem
    if np.any(space.start) or len(_numbers_of(space)) != len(classes):
        raise problem
    for known, n in zip(classes, _numbers_of(space), strict=True):
        if known.dtype.kind not in "iuf" or not np.isin(known, np.arange(n)).all():
            raise problem
