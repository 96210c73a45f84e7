"""How long DAgger trains: skimitate's own rule, or the blog post's counts."""

from typing import Literal, NamedTuple

from skimitate.cloning._regressor import BehaviorCloner


class Schedule(NamedTuple):
    """What DAgger's learner trains for before the first round, and in each.

    Parameters
    ----------
    start_epochs : int or None, default=None
        Passes over the demonstrations before round 1; None for the cloner's default,
        which is what a clone of them gets.
    n_epochs_per_round : int or "auto", default="auto"
        As :class:`skimitate.DAggerRegressor` has it.
    """

    start_epochs: int | None = None
    n_epochs_per_round: int | Literal["auto"] = "auto"

    def learner(self) -> BehaviorCloner:
        """Return DAgger's learner, not fitted."""
        if self.start_epochs is None:
            return BehaviorCloner()
        return BehaviorCloner(max_iter=self.start_epochs)


SCHEDULE = Schedule()


def schedule_of_the_post(n_episodes: int) -> Schedule:
    """Return the schedule of the post's table, for a number of roll-outs.

    The post trained DAgger for 40 epochs in all. Forty rounds start from one pass over
    the roll-outs and make one each (two, if there are ten roll-outs).
    """
    n_epochs = max(1, 20 // n_episodes)
    return Schedule(n_epochs, n_epochs)
