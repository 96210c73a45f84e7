"""What acts of the policies of stable-baselines3's models, as arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.dqn.policies import DQNPolicy
from stable_baselines3.sac.policies import SACPolicy
from stable_baselines3.td3.policies import TD3Policy
from torch import Tensor, nn

from skimitate.cloning._activations import ACTIVATIONS
from skimitate.policies._columns import Columns
from skimitate.reinforcement._model_parts import BoundedSACPolicy, StandardizedFeatures

_ACTIVATIONS = {getattr(nn, one.module): name for name, one in ACTIVATIONS.items()}

# Where the activations of hidden layers meet the tanh of bounded actions.
_HINT = (
    "; SAC, TD3 and DDPG end in a tanh: train with "
    'policy_kwargs={"activation_fn": torch.nn.Tanh}, begin SAC as a clone by '
    "to_stable_baselines3, or clone what the model does"
)


@dataclass(frozen=True)
class ActingParts:
    """One network, and what it counts in.

    Parameters
    ----------
    steps : list of Columns
        What is done to observations, one step after the other.
    activation : str
        Of the hidden layers.
    layers : list of tuple of ndarray
        Weights (n_outputs, n_inputs) and biases of all layers.
    output_mean, output_scale : ndarray of shape (n_outputs,)
        What outputs are multiplied by, and what is added then.
    """

    steps: list[Columns]
    activation: str
    layers: list[tuple[NDArray, NDArray]]
    output_mean: NDArray
    output_scale: NDArray


def acting_parts(policy: Any) -> ActingParts:
    """Return the parts of a model's policy that make its deterministic action.

    Parameters
    ----------
    policy : stable_baselines3.common.policies.BasePolicy
        For observations that are a Box of one dimension.

    Returns
    -------
    ActingParts

    Raises
    ------
    TypeError
        If it, or its features extractor, is of another class.
    ValueError
        If it uses gSDE, or its layers are no network with one activation function.
    """
    extractor, modules = _modules_of(policy)
    activation, layers = _layers_of(modules)
    n_outputs = len(layers[-1][1])
    mean, scale = np.zeros(n_outputs), np.ones(n_outputs)
    if isinstance(policy, (SACPolicy, TD3Policy)):  # their outputs are from -1 to 1
        space: Any = policy.action_space
        low, high = (np.asarray(e, dtype=np.float64) for e in (space.low, space.high))
        mean, scale = (high + low) / 2.0, (high - low) / 2.0
    steps = _steps_of(extractor, policy.observation_space.shape[0])
    return ActingParts(steps, activation, layers, mean, scale)


def _modules_of(policy: Any) -> tuple[Any, list[nn.Module]]:
    """Return the features extractor of what acts, and the modules after it."""
    # By the very class: one that derives from it may act in another way.
    kind = type(policy)
    if kind is ActorCriticPolicy:
        _check_no_sde(policy.use_sde or policy.squash_output)
        modules = [*policy.mlp_extractor.policy_net, policy.action_net]
        return policy.pi_features_extractor, modules
    if kind is DQNPolicy:
        return policy.q_net.features_extractor, [*policy.q_net.q_net]
    if kind is TD3Policy:
        return policy.actor.features_extractor, [*policy.actor.mu]
    if kind in (SACPolicy, BoundedSACPolicy):
        actor = policy.actor
        _check_no_sde(actor.use_sde)
        # After the clone's last layer come the inverse of tanh and tanh: nothing.
        ends = [actor.mu[0]] if kind is BoundedSACPolicy else [actor.mu, nn.Tanh()]
        return actor.features_extractor, [*actor.latent_pi, *ends]
    raise TypeError(
        "model: expected the MlpPolicy of PPO, A2C, TRPO, DQN, SAC, TD3 or DDPG, or "
        f"what to_stable_baselines3 made, got a model with {kind.__name__}"
    )


def _check_no_sde(uses_sde: bool) -> None:
    if uses_sde:
        raise ValueError(
            "model: expected one without gSDE, got use_sde=True, whose policy may "
            "squash_output"
        )


def _layers_of(modules: list[nn.Module]) -> tuple[str, list[tuple[NDArray, NDArray]]]:
    """Return the activation function and the weights and biases of layers."""
    layers, activations = [], set()
    for place, module in enumerate(modules):
        if place % 2:
            activations.add(_activation_of(module))
        elif type(module) is nn.Linear:
            layers.append((_array(module.weight), _array(module.bias)))
        else:
            raise ValueError(
                "model: expected linear layers with an activation function between "
                f"them, got {module}"
            )
    ends_active = len(modules) % 2 == 0
    if len(activations) > 1:
        hint = _HINT if ends_active else ""
        raise ValueError(
            "model: expected one activation function in all layers, as policies of "
            f"skimitate's have it, got {sorted(activations)}{hint}"
        )
    if ends_active:  # what ends in an activation has one hidden layer more
        n_outputs = len(layers[-1][1])
        layers.append((np.eye(n_outputs, dtype=np.float32), np.zeros(n_outputs)))
    return (activations or {"identity"}).pop(), layers


def _activation_of(module: nn.Module) -> str:
    """Return the name of an activation function."""
    known = _ACTIVATIONS.get(type(module))
    if known is None or getattr(module, "negative_slope", 0.01) != 0.01:
        raise ValueError(
            "model: expected an activation function that is one of "
            f"{sorted(ACTIVATIONS)}, got {module}"
        )
    return known


def _steps_of(extractor: Any, n_features: int) -> list[Columns]:
    """Return what a features extractor does to observations."""
    if type(extractor) is FlattenExtractor:
        return []
    if type(extractor) is not StandardizedFeatures:
        raise TypeError(
            "model: expected the features extractor FlattenExtractor, or that of "
            f"to_stable_baselines3, got {type(extractor).__name__}"
        )
    steps: list[Columns] = []
    for step in extractor.steps:
        steps.append(_columns_of(step, steps[-1].n_columns if steps else n_features))
    return steps


def _columns_of(step: Any, n_inputs: int) -> Columns:
    mean, scale = (_array(part).astype(float) for part in (step.mean, step.scale))
    ends = np.full(len(mean), np.inf)
    return Columns(
        n_inputs,
        _array(step.indices) if step.selects else range(n_inputs),
        mean + _array(step.mean_rest),
        scale,
        _array(step.low) if step.clips else -ends,
        _array(step.high) if step.clips else ends,
    )


def _array(tensor: Tensor) -> NDArray:
    # A copy: what is learnt later is the model's.
    return tensor.detach().cpu().numpy().copy()
