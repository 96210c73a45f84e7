"""Episodes in a vector environment, side by side."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from skimitate._errors import EpisodeError
from skimitate.environments._answers import check_reward
from skimitate.environments._drivers import Driver
from skimitate.environments._episode import Episode, Place, hint_at_rows, is_new
from skimitate.environments._spaces import Spaces
from skimitate.environments._vector_env import Seeding, Stepped, SubEnvironments
from skimitate.policies._actions import StepError

Numbered = tuple[int, np.random.SeedSequence]


class _Going:
    """An episode that goes on, and what is known of its steps."""

    def __init__(self, number: int, place: Place) -> None:
        self.number = number
        self.place = place
        self.observations: list[NDArray] = []
        self.actions: list[NDArray] = []
        self.rewards: list[float] = []

    @property
    def step(self) -> int:
        """The number of the step that is being taken."""
        return len(self.rewards)


class VectorRunner:
    """Runs episodes in the sub-environments of a vector environment, all at once.

    The driver is asked once a step for all episodes that go on. They begin in the order
    of their numbers, each in the first sub-environment that is free, and each is run to
    its end: which ones are run does not depend on how long they last.

    Parameters
    ----------
    env : gymnasium.vector.VectorEnv
        Open, with spaces that :class:`Spaces` takes.
    driver : Driver
        Decides.

    Attributes
    ----------
    ignores_seed : bool
        Whether two resets with the same seeds were seen to differ.
    n_at_once : int
        Number of sub-environments.

    Raises
    ------
    ValueError
        If the environment does not tell how its sub-environments are reset, or the
        driver cannot keep their episodes apart.
    """

    def __init__(self, env: VectorEnv, driver: Driver) -> None:
        self.env = env
        self.spaces = Spaces(env)
        self.ignores_seed = False
        self._subs = SubEnvironments(env, self.spaces)
        self.n_at_once = self._subs.n
        self._driver = driver.side_by_side(self.n_at_once)
        self._going: dict[int, _Going] = {}

    @property
    def obeys_seeds(self) -> bool:
        """Whether each episode depends on its own seed; known after the first one."""
        return self._subs.seeding is Seeding.EACH

    def run_all(
        self,
        numbered: Sequence[Numbered],
        max_steps: float,
        place_of: Callable[[int], Place],
    ) -> Iterator[tuple[int, Episode]]:
        """Run episodes, and yield each as it ends.

        Parameters
        ----------
        numbered : sequence of (int, numpy.random.SeedSequence)
            Their numbers and what determines them.
        max_steps : float
            Where to cut one; infinity for nowhere.
        place_of : callable
            From a number to where the episode belongs, for errors.

        Yields
        ------
        number : int
        episode : Episode

        Raises
        ------
        EpisodeError
            If the driver or the environment fails; of the episode that is at fault,
            where that is known, or else of the first one that goes on.
        """
        left = deque(numbered)
        self._going.clear()
        while left or self._going:
            try:
                if left and len(self._going) < self.n_at_once:
                    self._begin(left, place_of)
                ended = list(self._step(max_steps))
            except StepError as error:
                hint = hint_at_rows(error.__cause__, self.spaces.feature_names)
                raise self._error(error, error.row, left, place_of, hint) from (
                    error.__cause__
                )
            except Exception as error:
                what = f"env: raised {error!r}"
                raise self._error(what, None, left, place_of) from error
            yield from ended

    def _error(
        self,
        what: object,
        row: int | None,
        left: Sequence[Numbered],
        place_of: Callable[[int], Place],
        hint: str = "",
    ) -> EpisodeError:
        """Return the error that something failed, with the episode as far as known."""
        if row in self._going:
            return self._going[row].place.error(what, self._going[row].step, hint)
        first = next(iter(self._going.values()), None)
        if first is None:
            return place_of(left[0][0]).error(what, 0, hint)
        n_others = len(self._going) - 1
        if n_others:
            hint = f", or in one of {n_others} that go on beside it{hint}"
        return first.place.error(what, first.step, hint)

    def _begin(self, left: deque[Numbered], place_of: Callable[[int], Place]) -> None:
        """Begin episodes where that can be."""
        is_free = np.ones(self.n_at_once, dtype=bool)
        is_free[list(self._going)] = False
        # Not spawn, which counts its calls: a seed may be used again.
        seeds = [
            list(map(int, seed.generate_state(2)))
            for _, seed in list(left)[: int(is_free.sum())]
        ]
        env_seeds = [env_seed for env_seed, _ in seeds]
        self._compare_resets(env_seeds)
        rows = self._subs.begin(is_free, env_seeds)
        for row, (_, driver_seed) in zip(rows, seeds, strict=False):
            number, _ = left.popleft()
            self._going[row] = _Going(number, place_of(number))
            self._driver.begin_episode(row, driver_seed)
        self.spaces.check_finite(self._subs.observations, np.array(rows, dtype=np.intp))

    def _compare_resets(self, env_seeds: Sequence[int]) -> None:
        """See what seeds do, the first time in an environment."""
        if self._subs.seeding is Seeding.NONE or not is_new(self.env):
            return
        self._subs.reset(env_seeds)
        first = self._subs.observations
        self._subs.reset(env_seeds)
        self.ignores_seed = not np.array_equal(first, self._subs.observations)

    def _step(self, max_steps: float) -> Iterator[tuple[int, Episode]]:
        """Take a step, and yield the episodes that are over."""
        seen = self._subs.observations
        rows = np.fromiter(self._going, dtype=np.intp)
        actions = np.tile(self.spaces.actions.idle, (self.n_at_once, 1))
        remembered, actions[rows] = self._driver(seen, rows, self.spaces.actions)
        stepped = self._subs.step(actions)
        self.spaces.check_finite(stepped.shown, rows)
        for i, row in enumerate(rows.tolist()):
            going = self._going[row]
            try:
                reward = check_reward(stepped.rewards[row])
            except StepError as error:
                raise StepError(str(error), row) from None
            going.observations.append(seen[row])
            going.actions.append(remembered[i])
            going.rewards.append(reward)
            is_over = stepped.terminated[row] or stepped.truncated[row]
            if is_over or going.step >= max_steps:
                yield going.number, self._ended(row, stepped)

    def _ended(self, row: int, stepped: Stepped) -> Episode:
        going = self._going.pop(row)
        terminated = bool(stepped.terminated[row])
        return Episode(
            np.array(going.observations),
            np.array(going.actions),
            np.array(going.rewards),
            stepped.shown[row].copy(),
            terminated,
            bool(stepped.truncated[row]) or not terminated,  # the caller cut it
            self._subs.success_of(row, stepped.infos),
            feature_names=self.spaces.feature_names,
        )
