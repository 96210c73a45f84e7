"""What a learner is trained on, of all that was visited and labelled."""

from typing import Any

from skimitate.dagger._aggregate import Aggregate, Labels
from skimitate.dagger._settled import Settled
from skimitate.learners._tags import learns_sequences, takes_single_output


class Lessons:
    """Shows the aggregate as a learner takes it.

    Parameters
    ----------
    learner : estimator
        Not fitted.
    settled : Settled
        What was settled before.
    """

    def __init__(self, learner: Any, settled: Settled) -> None:
        self._targets = settled.targets
        self._is_weighted = settled.plan.is_weighted
        self._ravels = takes_single_output(learner)
        self._are_sequences = learns_sequences(learner)

    def of(self, aggregate: Aggregate) -> Labels:
        """Return all that there is to learn.

        Parameters
        ----------
        aggregate : Aggregate
            With one label at least.

        Returns
        -------
        Labels
            For a learner of sequences all steps, those without a label among them.
        """
        labels = aggregate.steps() if self._are_sequences else aggregate.labels()
        y = self._targets.of_numbers(labels.y)
        # Most learners expect a single output without a second axis.
        y = y.ravel() if y.shape[1] == 1 and self._ravels else y
        if self._are_sequences:
            assert labels.actions is not None
            return labels._replace(
                y=y, actions=self._targets.of_numbers(labels.actions).reshape(y.shape)
            )
        groups = labels.groups
        assert groups is not None
        return labels._replace(
            y=y,
            weight=labels.weight if self._is_weighted else None,
            # One episode alone has to be cut by whoever wants a part of it.
            groups=groups if groups[0] != groups[-1] else None,
            actions=None,
        )
