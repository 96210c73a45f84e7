"""Models of stable-baselines3 as policies that leave Python."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skimitate._public import public
from skimitate.cloning._units import Units
from skimitate.experts._stable_baselines3 import StableBaselines3Expert
from skimitate.experts._vec_normalize import ObservationStatistics, Statistics
from skimitate.policies._as_policy import Policy
from skimitate.policies._class_policy import ClassPolicy
from skimitate.policies._columns import Columns
from skimitate.policies._network_policy import NetworkPolicy
from skimitate.policies._pipeline_policy import PipelinePolicy

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

    from skimitate.reinforcement._acting_parts import ActingParts

_INSTALL = "stable-baselines3 is needed: pip install 'skimitate[rl]'"


@public
def from_stable_baselines3(
    model: "BaseAlgorithm | StableBaselines3Expert",
) -> Policy:
    """Return what acts of a stable-baselines3 model as a policy of skimitate's.

    It is the way back of :func:`skimitate.to_stable_baselines3`, and the way out for
    models that never were a clone: :func:`skimitate.export_c`,
    :func:`skimitate.export_onnx`, :func:`skimitate.save_policy` and
    :func:`skimitate.to_torch` take what it returns. Observations are raw ones: what a
    ``VecNormalize`` of the model's environment does to them is a part of the policy.

    Parameters
    ----------
    model : stable_baselines3.common.base_class.BaseAlgorithm
        A model with an ``MlpPolicy``, for observations that are a Box of one dimension:
        ``PPO`` or ``A2C`` of stable-baselines3, or ``TRPO`` of sb3-contrib; ``DQN``;
        ``SAC`` if :func:`skimitate.to_stable_baselines3` made it; other ``SAC``,
        ``TD3`` and ``DDPG`` if tanh is the activation of their actor. Or what
        :func:`skimitate.load_expert` makes of the file of one, with the statistics that
        it found beside it.

    Returns
    -------
    policy
        A copy, which the model's training does not change. It gives the action of
        ``model.predict(observation, deterministic=True)`` to 1e-5 of what that
        varies by, not clipped to the action space: exports take it as
        ``action_space=model.action_space``. A Discrete or MultiDiscrete action is one
        of classes from 0.

    Raises
    ------
    ImportError
        If stable-baselines3 is not installed.
    TypeError
        If it is no such model: another object, a policy of another class, such as
        ``CnnPolicy`` or a recurrent one, or a features extractor of another class.
    ValueError
        If the model uses gSDE, its spaces are others, its layers are no network with
        one activation function of skimitate's, its numbers are not finite, or a
        ``VecNormalize`` has statistics of something else.

    Warns
    -----
    UserWarning
        If the model may have been trained with a ``VecNormalize`` and was loaded
        without its environment: ``model.set_env`` gives it one.

    Notes
    -----
    SAC, TD3 and DDPG end in a tanh. That is a last hidden layer if the others are tanh
    as well; ReLU, which is their default, makes a network with two activation
    functions, and is refused.

    A model sees observations in float32, the policy in float64: where they are far from
    zero and vary little, the policy is the finer one.

    Examples
    --------
    >>> import numpy as np
    >>> from stable_baselines3 import PPO
    >>> from skimitate import from_stable_baselines3
    >>> model = PPO("MlpPolicy", "Pendulum-v1", device="cpu")
    >>> policy = from_stable_baselines3(model)
    >>> policy
    NetworkPolicy(n_features=3, n_outputs=1)
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> actions, _ = model.predict(X, deterministic=True)
    >>> bool(np.allclose(policy.act(X).clip(-2.0, 2.0), actions, atol=1e-5))
    True
    """
    acting, statistics = _parts_of(model)
    space = acting.action_space
    _check_spaces(acting.observation_space, space)
    from skimitate.reinforcement._acting_parts import acting_parts

    parts = acting_parts(acting)
    try:
        columns = _normalizing(statistics, acting.observation_space)
        for step in parts.steps:
            columns = columns.then(step)
        return _joined(columns, parts, _classes_of(space))
    except ValueError as error:  # numbers that are none, or fit nothing
        raise ValueError(f"model: {error}") from None


def _parts_of(model: Any) -> tuple[Any, Statistics | None]:
    """Return what acts of a model, and what normalizes its observations."""
    if isinstance(model, StableBaselines3Expert):
        return model.policy, model.statistics
    try:
        from stable_baselines3.common.base_class import BaseAlgorithm
    except ImportError:
        raise ImportError(_INSTALL) from None
    if not isinstance(model, BaseAlgorithm):
        raise TypeError(
            "model: expected a model of stable-baselines3, or what load_expert made of "
            f"the file of one, got {model!r}"
        )
    return model.policy, _statistics_of(model)


def _statistics_of(model: Any) -> Statistics | None:
    """Return what the model's environment normalizes observations by."""
    normalize = model.get_vec_normalize_env()
    if normalize is None:
        # Its file keeps what its last observation was before it was normalized; those
        # of SAC and its like keep one in any case.
        original = getattr(model, "_last_original_obs", None)
        if original is not None and model.get_env() is None:
            warnings.warn(
                "model: it may have been trained with a VecNormalize, and has no "
                "environment that tells: the policy takes observations as they are; "
                "if they were normalized, give the model its environment by set_env, "
                "or read its file by load_expert with the statistics beside it",
                stacklevel=4,
            )
        return None
    if not normalize.norm_obs:
        return None
    running = normalize.obs_rms
    return ObservationStatistics(
        running.mean, running.var, normalize.epsilon, normalize.clip_obs
    )


def _check_spaces(shown: Any, taken: Any) -> None:
    """Raise if a policy of skimitate's cannot be shown, or give, what is in a space."""
    if type(shown).__name__ != "Box" or len(shown.shape) != 1:
        raise ValueError(
            f"model: expected observations that are a Box of one dimension, got {shown}"
        )
    kind = type(taken).__name__
    is_row = kind in ("Box", "MultiDiscrete") and len(taken.shape) == 1
    if not (is_row or kind == "Discrete"):
        raise ValueError(
            "model: expected actions that are a Box or a MultiDiscrete of one "
            f"dimension, or a Discrete, got {taken}"
        )
    # Models count from 0 all the same: stable-baselines3 does not support others.
    if kind != "Box" and np.any(taken.start):
        raise ValueError(f"model: expected actions numbered from 0, got {taken}")


def _normalizing(statistics: Any, space: Any) -> Columns:
    """Return what statistics do to observations."""
    n_features = space.shape[0]
    if statistics is None:
        return Columns.all_of(n_features)
    statistics.check_space(space, "it")
    ends = np.full(n_features, statistics.clip)
    return Columns(
        n_features, range(n_features), statistics.mean, statistics.std, -ends, ends
    )


def _classes_of(space: Any) -> list[NDArray] | None:
    """Return the actions of a space for each output, None if they are numbers."""
    if type(space).__name__ == "Box":
        return None
    is_one = type(space).__name__ == "Discrete"
    return [np.arange(n) for n in np.ravel(space.n if is_one else space.nvec)]


def _joined(
    columns: Columns, parts: "ActingParts", classes: list[NDArray] | None
) -> Policy:
    """Return the policy that is shown some columns."""
    n_columns = columns.n_columns
    takes_all = np.array_equal(columns.indices, np.arange(columns.n_features_in_))
    is_plain = takes_all and not columns.clips
    units = Units(
        columns.mean if is_plain else np.zeros(n_columns),
        columns.scale if is_plain else np.ones(n_columns),
        parts.output_mean,
        parts.output_scale,
    )
    sizes = [n_columns, *(len(bias) for _, bias in parts.layers)]
    vectors = np.concatenate([part.ravel() for layer in parts.layers for part in layer])
    policy: Policy = NetworkPolicy(sizes, parts.activation, vectors[np.newaxis], units)
    if classes is not None:
        policy = ClassPolicy(policy, classes)
    return policy if is_plain else PipelinePolicy(columns, policy)
