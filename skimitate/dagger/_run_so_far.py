"""What is known and learnt of a run of DAgger so far, in memory and in its folder."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate.dagger._checkpoint import Checkpoint
from skimitate.dagger._leaders import Candidate
from skimitate.dagger._learner import Learner
from skimitate.dagger._pending import Pending
from skimitate.dagger._records import Records
from skimitate.dagger._round_files import NoFiles, RoundFiles
from skimitate.dagger._run_state import RunState
from skimitate.dagger._settled import Settled

# Which of the seeds is the learner's; the others are for what is visited.
LEARNER_SEED = 3


class RunSoFar:
    """Holds what a run has, and takes up what another process has kept of it.

    Parameters
    ----------
    dagger : object
        With the parameters of :class:`skimitate.DAggerRegressor`.
    prototype : estimator
        The learner, not fitted.
    settled : Settled
        What was settled before.
    seeds : sequence of numpy.random.SeedSequence
        Determine it: from :func:`seeds_of_run`.

    Attributes
    ----------
    settled : Settled
        The same.
    checkpoint : Checkpoint or None
        Keeps what is learnt and known, while its folder is this run's. The folder is
        then the truth, and this the copy of it to work with.
    identity : mapping of str to str or None
        What tells it from other runs, once there is such a folder.
    aggregate : Aggregate
        All that was visited so far, and its labels.
    records : Records
        What is known of each round.
    round : int
        The last round that was learnt from; -1 before the start.
    n_queries : int
        About how many states the expert has been asked.
    pending : Pending or None
        The next round, while its labels are awaited.
    expert_return : float or None
        Mean return of the demonstrations, if it collected them.
    kept : int or None
        The round that was kept, once that is decided.
    """

    round: int
    n_queries: int
    pending: Pending | None
    expert_return: float | None
    kept: int | None

    def __init__(
        self,
        dagger: Any,
        prototype: Any,
        settled: Settled,
        seeds: Sequence[np.random.SeedSequence],
    ) -> None:
        self.settled = settled
        self.checkpoint: Checkpoint | None = None
        self.identity: Mapping[str, str] | None = None
        self._learner = Learner(
            prototype,
            incremental=dagger.incremental,
            seed=seeds[LEARNER_SEED],
            fit_params=settled.plan.fit_params,
        )
        self.aggregate = settled.demonstrations
        self.records = Records()
        self._n_given = len(self.aggregate)
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget all that was learnt, and be at the start."""
        self.aggregate.forget_after(self._n_given)
        self.records.forget()
        self._learner.fitted = None
        self.n_queries, self.round = 0, -1
        self.pending = self.expert_return = self.kept = None

    def take_up(self, checkpoint: Checkpoint, dagger: Any) -> None:
        """Be where a checkpoint says that the run was, and keep there what follows.

        Parameters
        ----------
        checkpoint : Checkpoint
            Of this run.
        dagger : estimator
            On whose behalf.
        """
        kept = checkpoint.find(self._first_round)
        self.checkpoint = checkpoint
        self._begin_anew()
        if kept is not None:
            for pending, answers in kept.rounds:
                self._take_in(pending, pending.labels_with(answers, "checkpoint_dir"))
            state, learners = kept.state, kept.learners
            self.records.begin_from(state.history, state.leaders, learners)
            self._learner.fitted = learners[state.round]
            self.n_queries, self.round = state.n_queries, state.round
            self.expert_return, self.kept = state.expert_return, state.kept
        self.recall(dagger)

    def recall(self, dagger: Any) -> None:
        """Let the next round be pending, if its episodes were run before.

        Parameters
        ----------
        dagger : estimator
            On whose behalf.
        """
        visited = self.files_of(self.round + 1).visited()
        if visited is not None and self.kept is None and not self.is_complete:
            self._note_returns(visited, dagger)
            self.pending = visited

    @property
    def state(self) -> RunState:
        """Where it is, between rounds."""
        return RunState(
            self.round,
            self.n_queries,
            self.expert_return,
            self.records.history,
            self.records.leaders,
            self.kept,
        )

    @property
    def _first_round(self) -> int:
        """The first that visits anything: round 0 unless demonstrations were given."""
        return 1 if self._n_given else 0

    def files_of(self, number: int) -> RoundFiles | NoFiles:
        """Return what keeps a round while it runs.

        Parameters
        ----------
        number : int
            Of the round.

        Returns
        -------
        RoundFiles or NoFiles
        """
        return NoFiles() if self.checkpoint is None else self.checkpoint.files(number)

    @property
    def learner(self) -> Any:
        """The fitted learner as it stands; None before the start."""
        return self._learner.fitted

    @property
    def is_complete(self) -> bool:
        """Whether all rounds that were planned are learnt from."""
        return self.round == len(self.settled.plan.betas)

    def current(self) -> Candidate:
        """Return the policy as it stands."""
        return Candidate(self.round, self.learner)

    def best(self) -> Candidate:
        """Return the best policy so far, as far as that is known."""
        leaders = [one for one in self.records.leaders if one.round <= self.round]
        return max(
            leaders, key=lambda one: (one.score, one.round), default=self.current()
        )

    def candidate(self, number: int) -> Candidate:
        """Return the policy of a round that may be kept.

        Parameters
        ----------
        number : int
            Of the round.

        Returns
        -------
        Candidate
        """
        candidates = self.records.candidates(self.current())
        return next(one for one in candidates if one.round == number)

    def _note_returns(self, pending: Pending, dagger: Any) -> None:
        """Write down what the episodes of a round tell of the policy before it."""
        if not len(pending.returns):
            return
        if pending.round == 0:
            self.expert_return = float(np.mean(pending.returns))
        else:
            self._measure(dagger, list(pending.returns))

    def _measure(self, dagger: Any, returns: list[float]) -> None:
        """Note the returns of the current policy, which may be kept for them."""
        measured = self.records.note(self.current(), returns)
        if dagger.keep == "best":
            self.records.propose(measured)

    def _take_in(self, pending: Pending, labels: NDArray[np.float64]) -> None:
        self.aggregate.append(
            pending.observations,
            labels,
            self.settled.plan.weights[pending.round],
            pending.episodes,
            pending.actions,
        )

    def _keep(self) -> None:
        if self.checkpoint is not None:
            self.checkpoint.keep(self.state, self.learner)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"checkpoint": None}
