"""Who drives: the expert or the learner, and what is known of each step after it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.dagger._expert import Expert
from skimitate.dagger._visits import remember
from skimitate.environments._drivers import Actions, BatchDriver
from skimitate.environments._uniform_policy import UniformBatch, UniformPolicy
from skimitate.policies._actions import StepError
from skimitate.policies._actor import Actor
from skimitate.policies._batch_actor import BatchActor


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

    Attributes
    ----------
    asks_always : bool
        Whether the expert is asked at each step.
    learner_remembers : bool
        Whether the learner is, whoever drives.
    chance : UniformPolicy or None
        The learner, if it is one that acts by chance.
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
        self.chance = learner if isinstance(learner, UniformPolicy) else None
        # One with a memory sees each step, whoever drives.
        self.learner_remembers = (
            self.learner is not None and self.learner.policy.is_stateful
        )
        self.beta = beta
        self.is_asked = is_asked
        self.asks_always = (
            self.expert is not None
            and self.expert.is_stateful
            and (is_asked or beta > 0.0 or self.expert.intervenes)
        )

    @property
    def asks_during(self) -> bool:
        """Whether the expert may be asked before an episode is over."""
        if self.expert is None:
            return False
        drives = self.learner is None or self.beta > 0.0 or self.expert.intervenes
        return self.asks_always or drives

    def side_by_side(self, n_rows: int) -> BatchDriver:
        """Return what does the same in several episodes at once."""
        return BatchMixture(self, n_rows)

    def begin_episode(self, seed: int) -> None:
        """Get ready for an episode whose draws are determined by the seed."""
        self.rng = np.random.default_rng(seed)
        for actor in (self.expert, self.learner):
            if actor is not None:
                actor.reset()
        if self.chance is not None:
            self.chance.begin_episode(seed)

    def __call__(self, observation: NDArray, space: Actions) -> tuple[NDArray, NDArray]:
        """Return what is remembered of the step, and the action that drives."""
        label = self._ask(observation, space) if self.asks_always else None
        action, drives = None, False
        if self.learner is not None:
            drives = not self.rng.random() < self.beta
            if drives or self.learner_remembers:
                action = self.learner(observation, space)
        if not drives or self._is_taken_over(observation, action):
            label = self._ask(observation, space) if label is None else label
            if not np.isnan(label).all():
                self._note_done(label)
                return remember(label, label, drives=True, counts=True), label
            action = self._without_answer(observation, space, action)
        assert action is not None
        row = remember(label, action, drives=False, counts=self.is_asked)
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


class BatchMixture:
    """Does in several episodes what a mixture does in one; actors are asked for all.

    Parameters
    ----------
    mixture : Mixture
        What is done.
    n_rows : int
        How many episodes there may be.

    Raises
    ------
    ValueError
        If the expert or the learner cannot keep episodes apart.
    """

    def __init__(self, mixture: Mixture, n_rows: int) -> None:
        self._mixture = mixture
        self._rngs: dict[int, np.random.Generator] = {}
        self._expert = self._learner = self._chance = None
        expert, learner = mixture.expert, mixture.learner
        if expert is not None and mixture.asks_during:
            self._expert = BatchActor(expert.policy, "expert", expert.label, n_rows)
        if mixture.chance is not None:
            self._chance = UniformBatch(mixture.chance, n_rows)
        elif learner is not None:
            self._learner = BatchActor(
                learner.policy, learner.name, learner.of_batch, n_rows
            )

    def begin_episode(self, row: int, seed: int) -> None:
        """Get ready for an episode whose draws are determined by the seed."""
        self._rngs[row] = np.random.default_rng(seed)
        for actor in (self._expert, self._learner):
            if actor is not None:
                actor.begin(row)
        if self._chance is not None:
            self._chance.begin_episode(row, seed)

    def __call__(
        self, observations: NDArray, rows: NDArray[np.intp], space: Actions
    ) -> tuple[NDArray, NDArray[np.float64]]:
        """Return what is remembered of the steps, and the actions that drive."""
        shape = len(rows), space.n_outputs
        labels, actions = np.full(shape, np.nan), np.full(shape, np.nan)
        asked = np.full(len(rows), self._mixture.asks_always)
        if asked.any():
            labels = self._ask(observations, rows, space)
        drives, knows = self._let_learner(observations, rows, space, actions)
        experts = ~drives | self._taken_over(observations, rows, actions, drives)
        unheard = experts & ~asked
        if unheard.any():
            labels[unheard] = self._ask(observations, rows[unheard], space)
            asked |= unheard
        done = experts & ~np.isnan(labels).all(axis=1)
        self._note_done(rows[done], labels[done])
        silent = experts & ~done & ~knows
        if silent.any():
            self._check_learner(rows[silent])
            actions[silent] = self._act(observations, rows[silent], space)
        actions[done] = labels[done]
        counts = self._mixture.is_asked | done
        remembered = [
            remember(
                labels[i] if asked[i] else None,
                actions[i],
                drives=bool(done[i]),
                counts=bool(counts[i]),
            )
            for i in range(len(rows))
        ]
        return np.array(remembered), actions

    def _let_learner(
        self,
        observations: NDArray,
        rows: NDArray[np.intp],
        space: Actions,
        actions: NDArray[np.float64],
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Have the learner act; return where it drives, and where it was asked."""
        drives = np.zeros(len(rows), dtype=bool)
        if self._mixture.learner is None:
            return drives, drives
        for i, row in enumerate(rows.tolist()):
            drives[i] = not self._rngs[row].random() < self._mixture.beta
        knows = drives | self._mixture.learner_remembers
        if knows.any():
            actions[knows] = self._act(observations, rows[knows], space)
        return drives, knows

    def _taken_over(
        self,
        observations: NDArray,
        rows: NDArray[np.intp],
        actions: NDArray[np.float64],
        drives: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Tell where the expert takes over from a learner that drives."""
        taken = np.zeros(len(rows), dtype=bool)
        expert = self._mixture.expert
        if expert is None or not expert.intervenes:
            return taken
        for i in np.flatnonzero(drives).tolist():
            try:
                taken[i] = expert.wants_to_drive(observations[rows[i]], actions[i])
            except StepError as error:
                raise StepError(str(error), int(rows[i])) from error.__cause__
        return taken

    def _note_done(self, rows: NDArray[np.intp], actions: NDArray[np.float64]) -> None:
        """Tell a learner that remembers its actions what was done in their place."""
        learner = self._mixture.learner
        did = getattr(learner and learner.policy, "did", None)
        if did is not None and len(rows):
            did(actions, rows)

    def _check_learner(self, rows: NDArray[np.intp]) -> None:
        if self._mixture.learner is None:
            raise StepError(
                "expert: expected an action where it drives, got None", int(rows[0])
            )

    def _act(
        self, observations: NDArray, rows: NDArray[np.intp], space: Actions
    ) -> NDArray[np.float64]:
        act = self._chance or self._learner
        assert act is not None
        return act(observations, rows, space)

    def _ask(
        self, observations: NDArray, rows: NDArray[np.intp], space: Actions
    ) -> NDArray[np.float64]:
        assert self._expert is not None
        return self._expert(observations, rows, space)
