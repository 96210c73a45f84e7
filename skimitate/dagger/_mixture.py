"""Who drives: the expert or the learner, and what is known of each step after it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.dagger._expert import Expert
from skimitate.dagger._visits import remember
from skimitate.policies._actions import StepError
from skimitate.policies._actor import Actor


class Mixture:
    """Driver of episodes in which the expert or the learner acts at each step.

    What it remembers of a step is for :class:`Visits` to read.

    Parameters
    ----------
    expert : callable or object with act or predict or None
        Asked once for each step that it drives. One that is stateful is asked once for
        each step, whoever drives, if it ``is_asked`` or may drive.
    learner : callable or object with act or predict or None
        None lets the expert drive.
    beta : float
        Probability of each step that the expert drives nevertheless. One with a
        ``should_intervene`` drives as well where it wants to (HG-DAgger: Kelly et al.,
        ICRA 2019).
    is_asked : bool, default=True
        Whether what the expert says of steps that it does not drive counts, if it has
        to be asked during the episode. Otherwise these are for somebody else to label.
    """

    def __init__(
        self, expert: Any, learner: Any, beta: float, *, is_asked: bool = True
    ) -> None:
        self.expert = None if expert is None else Expert(expert)
        self.learner = None if learner is None else Actor(learner, "estimator")
        self.beta = beta
        self._is_asked = is_asked
        self._asks_always = (
            self.expert is not None
            and self.expert.is_stateful
            and (is_asked or beta > 0.0 or self.expert.intervenes)
        )

    def begin_episode(self, seed: int) -> None:
        """Get ready for an episode whose draws are determined by the seed."""
        self.rng = np.random.default_rng(seed)
        for actor in (self.expert, self.learner):
            if actor is not None:
                actor.reset()

    def __call__(self, observation: NDArray, n_outputs: int) -> tuple[NDArray, NDArray]:
        """Return what is remembered of the step, and the action that drives."""
        label = self._ask(observation, n_outputs) if self._asks_always else None
        action = None
        if self.learner is not None and not self.rng.random() < self.beta:
            action = self.learner(observation, n_outputs)
        if action is None or self._is_taken_over(observation, action):
            label = self._ask(observation, n_outputs) if label is None else label
            if not np.isnan(label).all():
                return remember(label, True, n_outputs, counts=True), label
            action = self._without_answer(observation, n_outputs, action)
        return remember(label, False, n_outputs, counts=self._is_asked), action

    def _is_taken_over(self, observation: NDArray, action: NDArray) -> bool:
        expert = self.expert
        if expert is None or not expert.intervenes:
            return False
        return expert.wants_to_drive(observation, action)

    def _without_answer(
        self, observation: NDArray, n_outputs: int, action: NDArray | None
    ) -> NDArray:
        """Return the learner's action where the expert should drive and cannot."""
        if action is not None:
            return action
        if self.learner is None:
            raise StepError("expert: expected an action where it drives, got None")
        return self.learner(observation, n_outputs)

    def _ask(self, observation: NDArray, n_outputs: int) -> NDArray[np.float64]:
        assert self.expert is not None
        return self.expert.label(observation[np.newaxis], n_outputs)[0]
