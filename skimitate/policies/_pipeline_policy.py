"""A pipeline whose last step remembers."""

import sys
import warnings
from abc import ABC
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if

from skimitate.policies._actor_policy import ActorPolicy
from skimitate.policies._as_policy import Policy, acts_otherwise, as_policy, policy_of


class PipelinePolicy:
    """Transforms observations for a policy with a state, and passes on each reset.

    A pipeline itself would ask its last step row by row, without telling it where
    episodes begin. :func:`skimitate.as_policy` makes one of a fitted
    :class:`~sklearn.pipeline.Pipeline` with such a last step.

    Parameters
    ----------
    transformer : transformer
        Fitted; may be a pipeline.
    policy : policy
        What acts on what that returns.
    mean_return : float or None, default=None
        What an episode of the policy earns on average, if that was measured.

    Attributes
    ----------
    is_stateful : bool
        Whether the policy is.
    """

    def __init__(
        self, transformer: Any, policy: Policy, *, mean_return: float | None = None
    ) -> None:
        self.transformer = transformer
        self.policy = policy
        self.mean_return = mean_return

    @property
    def n_features(self) -> int | None:
        """Number of observation dimensions, None where nobody knows."""
        return getattr(self.transformer, "n_features_in_", None)

    @property
    def n_outputs(self) -> int | None:
        """Number of action dimensions, None where nobody knows."""
        return self.policy.n_outputs

    @property
    def is_stateful(self) -> bool:
        """Whether it may remember what it saw earlier in an episode."""
        return self.policy.is_stateful

    def reset(self) -> None:
        """Begin an episode, or a batch of them."""
        self.policy.reset()

    @property
    def can_restart(self) -> bool:
        """Whether it takes :meth:`restart`."""
        return getattr(self.policy, "can_restart", False)

    def restart(self, rows: NDArray[np.bool_]) -> None:
        """Begin some episodes of those that it acts in side by side.

        Parameters
        ----------
        rows : ndarray of shape (n,), bool
            Which rows of the batches that follow begin with the next one.
        """
        self.policy.restart(rows)  # type: ignore[attr-defined]  # it has one

    def act(self, observation: ArrayLike) -> NDArray[np.float64]:
        """Return the action for the next observation of an episode.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Of one episode, or of each of a batch of episodes. The transformer is shown
            a copy, as a batch.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n, n_outputs)

        Raises
        ------
        ValueError
            If the transformer or the policy raises.
        """
        return self.policy.act(self._shown(observation))

    __call__ = act

    @available_if(lambda pipeline: hasattr(pipeline.policy, "predict"))
    def predict(
        self,
        observation: ArrayLike,
        state: NDArray | None = None,
        episode_start: ArrayLike | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray, NDArray]:
        """Return actions and a state to be handed in again, as stable-baselines3 does.

        There is such a method only if the policy has one. What :meth:`act`
        remembers is neither looked at nor changed.

        Parameters
        ----------
        observation : array-like of shape (n_features,) or (n, n_features)
            Of one episode, or of each of a batch of episodes.
        state : ndarray or None, default=None
            What the last call returned; None at the start.
        episode_start : array-like of bool of shape (n,) or None, default=None
            Which of the episodes begin with this observation.
        deterministic : bool, default=True
            Makes no difference: there is no chance in it.

        Returns
        -------
        actions : ndarray of shape (n_outputs,) or (n, n_outputs)
        state : ndarray

        Raises
        ------
        ValueError
            If there is another number of features, or of episodes than in the state.
        """
        return self.policy.predict(  # type: ignore[attr-defined]  # it has one
            self._shown(observation), state, episode_start, deterministic
        )

    def _shown(self, observation: ArrayLike) -> NDArray:
        """Return what the policy is shown of an observation, or of a batch."""
        observations = np.asarray(observation)
        # An environment has no names for what it shows.
        named = hasattr(self.transformer, "feature_names_in_")
        with warnings.catch_warnings() if named else nullcontext():
            if named:
                warnings.filterwarnings("ignore", "X does not have valid feature names")
            batch = np.array(np.atleast_2d(observations))
            # Transformers refuse to transform nothing: of one row, none.
            shown = self.transformer.transform(
                batch if len(batch) else np.zeros((1, batch.shape[1]))
            )
        shown = np.asarray(shown)[: len(batch)]
        return shown[0] if observations.ndim == 1 else shown

    def did(self, action: ArrayLike, rows: NDArray[np.intp] | None = None) -> None:
        """Tell the policy, if it wants to know, that something else was done.

        Parameters
        ----------
        action : array-like of shape (n_outputs,) or (n, n_outputs)
            What was done at the last step in place of its own action.
        rows : ndarray of shape (n,) or None, default=None
            In which of the episodes side by side; None for all.
        """
        did = getattr(self.policy, "did", None)
        if did is not None:
            did(action, rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.transformer!r}, {self.policy!r})"


@policy_of.register
def _of_policy(actor: PipelinePolicy) -> Policy:
    return actor


class _Pipeline(ABC):  # noqa: B024 - it only tells what is one
    """scikit-learn's, which is not imported for that: whoever has one has done so."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        module = sys.modules.get("sklearn.pipeline")
        return module is not None and issubclass(other, module.Pipeline)


@policy_of.register(_Pipeline)
def _of_pipeline(actor: Any) -> Policy:
    """Look at the last step: if it has no state, the pipeline acts as it is."""
    last = actor.steps[-1][1]
    known = sys.modules["sklearn.pipeline"].Pipeline
    if acts_otherwise(actor, known) or not hasattr(last, "predict"):
        return ActorPolicy(actor)
    policy = as_policy(last)
    if not policy.is_stateful:
        return ActorPolicy(actor)
    return policy if len(actor) == 1 else PipelinePolicy(actor[:-1], policy)
