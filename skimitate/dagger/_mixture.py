"""Who drives: the expert or the learner, and what is known of each step after it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.dagger._expert import Expert
from skimitate.dagger._visits import remember
from skimitate.environments._drivers import Actions
from skimitate.environments._uniform_policy import UniformPolicy
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
    timeout : float or None, default=None
        How many seconds the expert has for an answer.
    """

    def __init__(
        self,
        expert: Any,
        learner: Any,
        beta: float,
        *,
        is_asked: bool = True,
        timeout: float | None = None,
    ) -> None:
        self.expert = None if expert is None else Expert(expert, timeout)
        self.learner = None if learner is None else Actor(learner, "estimator")
        self._chance = learner if isinstance(learner, UniformPolicy) else None
        # One with a memory sees each step, whoever drives.
        self._learner_remembers = (
            self.learner is not None and self.learner.policy.is_stateful
        )
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
        if self._chance is not None:
            self._chance.begin_episode(seed)

    def __call__(self, observation: NDArray, space: Actions) -> tuple[NDArray, NDArray]:
        """Return what is remembered of the step, and the action that drives."""
        label = self._ask(observation, space) if self._asks_always else None
        action, drives = None, False
        if self.learner is not None:
            drives = not self.rng.random() < self.beta
            if drives or self._learner_remembers:
                action = self.learner(observation, space)
        if not drives or self._is_taken_over(observation, action):
            label = self._ask(observation, space) if label is None else label
            if not np.isnan(label).all():
                self._note_done(label)
                return remember(label, label, drives=True, counts=True), label
            action = self._without_answer(observation, space, action)
        assert action is not None
        row = remember(label, action, drives=False, counts=self._is_asked)
        return row, action

    def _note_done(self, action: NDArray) -> None:
        """Tell a learner that remembers its actions what was done in their place."""
        did = getattr(self.learner and self.learner.policy, "did", None)
        if did is not None:
            did(action)

    def _is_taken_over(self, observation: NDArray, action: NDArray | None) -> bool:
        expert = self.expert
        if expert is None or not expert.intervenes or action is None:
            return False
        return expert.wants_to_drive(observation, action)

    def _without_answer(
        self, observation: NDArray, space: Actions, action: NDArray | None
    ) -> NDArray:
        """Return the learner's action where the expert should drive and cannot."""
        if action is not None:
            return action
        if self.learner is None:
            raise StepError("expert: expected an action where it drives, got None")
        return self.learner(observation, space)

    def _ask(self, observation: NDArray, space: Actions) -> NDArray[np.float64]:
        assert self.expert is not None
        return self.expert.label(observation[np.newaxis], space)[0]
