"""What acts in the end, whatever kind of actions."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags

from skimitate._validation import validate_observations
from skimitate.cloning._groups import warn_of_no_groups_to_score
from skimitate.dagger._interactive import InteractiveDAgger
from skimitate.environments._action_spaces import ContinuousActions
from skimitate.environments._make import spaces_of
from skimitate.learners._tags import follow_learner, learns_sequences, may_take_nan
from skimitate.policies._actor_policy import ActorPolicy
from skimitate.policies._as_policy import Policy, acts_otherwise, as_policy


class ActingDAgger(InteractiveDAgger):
    """Acts by the learner that was kept."""

    # As the learners with a memory do: a search with routing need not be told.
    __metadata_request__predict = {"groups": True}
    __metadata_request__score = {"groups": True}

    _learnt: tuple[str, ...] = (
        "estimator_",
        "history_",
        "best_round_",
        "expert_return_",
        "n_features_in_",
        "n_outputs_",
        "_y_ndim",
    )

    def _learnt_beside(self, state: dict[str, Any]) -> tuple[str, ...]:
        # A run that is open has come to a part of it.
        return () if "_run" in state else super()._learnt_beside(state)

    def _predict(
        self, X: ArrayLike, groups: ArrayLike | None, method: str = "predict"
    ) -> Any:
        """Return what a method of the learner says to observations that are checked.

        One without a memory is not told of episodes, which make no difference to it.
        """
        self._check_acts()
        nan = "allow-nan" if may_take_nan(self.estimator_) else True
        observations = validate_observations(
            self, X, reset=False, ensure_all_finite=nan
        )
        remembers = groups is not None and learns_sequences(self.estimator_)
        told = {"groups": groups} if remembers else {}
        return getattr(self.estimator_, method)(observations, **told)

    def _to_score(self, X: ArrayLike, groups: ArrayLike | None) -> Any:
        """Return the predictions that a score is of; warn if nothing is remembered."""
        predicted = self.predict(X, groups)
        if groups is None and learns_sequences(self.estimator_):
            warn_of_no_groups_to_score(len(predicted))
        return predicted

    def _shaped(self, actions: NDArray) -> NDArray:
        """Return the actions for a batch in the shape that they shall have."""
        if self._y_ndim == 1:
            return actions.ravel()
        return actions.reshape(len(actions), self.n_outputs_)

    def _following_learner(self, tags: Tags) -> Tags:
        """Let the learner say what it takes and gives, and whether y is needed."""
        tags.target_tags.required = self.env is None or self.expert is None
        return follow_learner(tags, self._prototype)

    @property
    def action_bounds(self) -> tuple[NDArray, NDArray] | None:
        """The least and the largest value of each action in the environment.

        The environment is made for that. None without one, or if actions are classes.
        """
        actions = None if self.env is None else spaces_of(self.env).actions
        return actions.bounds if isinstance(actions, ContinuousActions) else None

    def act(self, observation: NDArray) -> NDArray:
        """Return the action that :meth:`predict` gives, as fast as the learner can.

        Parameters
        ----------
        observation : ndarray of shape (n_features,) or (n_samples, n_features)
            One raw observation or a batch; not checked.

        Returns
        -------
        ndarray of shape (n_outputs,) or (n_samples, n_outputs)
            One action or a batch. Without the last axis if ``y`` had one dimension.

        Raises
        ------
        TypeError
            If the learner has a memory, which :func:`skimitate.as_policy` gives it.
        """
        if learns_sequences(self.estimator_):
            raise TypeError(
                "act: expected a learner without a memory; one with a memory acts by "
                "as_policy(dagger), whose act and reset know of episodes, got "
                f"{self.estimator_!r}"
            )
        observations = np.asarray(observation)
        batch = np.atleast_2d(observations)
        act = getattr(self.estimator_, "act", self.estimator_.predict)
        # scikit-learn's estimators refuse to predict nothing: of one row, none.
        rows = batch if len(batch) else np.zeros((1, batch.shape[1]))
        actions = self._shaped(np.asarray(act(rows)))[: len(batch)]
        return actions[0] if observations.ndim == 1 else actions


def policy_kept(actor: ActingDAgger, known: type[ActingDAgger]) -> Policy:
    """Return what acts of a fitted DAgger: the expert and the environment stay behind.

    Parameters
    ----------
    actor : ActingDAgger
        Fitted.
    known : type
        The public class that it is of, or derives from.

    Returns
    -------
    policy
    """
    if acts_otherwise(actor, known):
        return ActorPolicy(actor)
    policy = as_policy(actor.estimator_)
    record = actor.history_[actor.best_round_]
    if hasattr(policy, "mean_return") and record["n_eval_episodes"] > 0:
        policy.mean_return = record["mean_return"]
    return policy
