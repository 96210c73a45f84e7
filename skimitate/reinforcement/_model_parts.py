"""What models of stable-baselines3 are made of that begin as a clone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.sac.policies import Actor, SACPolicy
from torch import Tensor, nn

from skimitate.formats.torch._modules import Standardize

# How near the ends of the action space the mean of a squashed Gaussian comes, where
# the space is from -1 to 1.
_NEAREST = 1e-6

# The slope of arctanh has no bound; what is learnt by is no more than this.
_STEEPEST = 10.0


class StandardizedFeatures(BaseFeaturesExtractor):
    """Observations as the clone's network counts them, by constants of its own.

    Parameters
    ----------
    observation_space : gymnasium.spaces.Box
        Of one dimension.
    steps : sequence of dict
        Arguments of :class:`skimitate.formats.torch._modules.Standardize`, as lists;
        one step after the other.
    """

    def __init__(self, observation_space: Any, steps: Sequence[dict[str, Any]]) -> None:
        super().__init__(observation_space, features_dim=len(steps[-1]["mean"]))
        self.steps = nn.Sequential(
            *(
                Standardize(**{name: np.array(values) for name, values in step.items()})
                for step in steps
            )
        )

    def forward(self, observations: Tensor) -> Tensor:
        """Return features (n, n_columns) of observations (n, n_features)."""
        return self.steps(observations)


class _Unsquash(torch.autograd.Function):
    """The inverse of tanh, which stays between two ends, and is learnt through.

    An output beyond an end is the end; of its gradient what leads it back is kept, as
    otherwise nothing would (Hausknecht and Stone, "Deep reinforcement learning in
    parameterized action space", ICLR 2016, section 4.2). Near an end the slope is
    taken for less than it is.
    """

    @staticmethod
    def forward(ctx: Any, outputs: Tensor) -> Tensor:
        ctx.save_for_backward(outputs)
        return outputs.clamp(_NEAREST - 1.0, 1.0 - _NEAREST).atanh()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (outputs,) = ctx.saved_tensors
        slope = (1.0 - outputs.square()).clamp(min=1.0 / _STEEPEST).reciprocal()
        leads_out = (outputs.abs() > 1.0) & (outputs * gradient < 0.0)
        return torch.where(leads_out, 0.0, gradient * slope)


class Unsquash(nn.Module):
    """From actions in units of the action space to what tanh makes them of."""

    def forward(self, outputs: Tensor) -> Tensor:
        """Return the inverse of tanh of outputs of any shape, cut at the ends."""
        return _Unsquash.apply(outputs)


class BoundedActor(Actor):
    """SAC's actor, whose last layer puts out the action and not its inverse tanh.

    So it can begin as what puts out actions, and goes on from there.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mu = nn.Sequential(self.mu, Unsquash())


class BoundedSACPolicy(SACPolicy):
    """SAC's policy with such an actor."""

    def make_actor(self, features_extractor: Any = None) -> BoundedActor:
        """Return the actor."""
        kwargs = self._update_features_extractor(self.actor_kwargs, features_extractor)
        return BoundedActor(**kwargs).to(self.device)


# Files of models name them by the package, whose rooms may move.
for _class in (BoundedActor, BoundedSACPolicy, StandardizedFeatures):
    _class.__module__ = "skimitate.reinforcement"
