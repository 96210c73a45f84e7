"""What stops episodes: errors that know where they happened."""

from collections.abc import Iterable

from skimitate._public import public


@public
class EpisodeError(ValueError):
    """An environment, an expert or a policy failed in an episode.

    It raised, or gave what cannot be used: actions that are not finite, another shape.
    The message names who it was and where; what was raised is the ``__cause__``, unless
    it happened in another process.

    Parameters
    ----------
    message : str
        What happened.
    round : int or None, default=None
        The round of DAgger.
    episode : int or None, default=None
        The number of the episode.
    step : int or None, default=None
        The number of the step.

    Attributes
    ----------
    round, episode, step : int or None
        Where it happened, counted from 0; None where there is no such number: outside
        of DAgger, and for an expert that was asked after the episode.

    Examples
    --------
    >>> import numpy as np
    >>> from skimitate import EpisodeError, collect_rollouts
    >>> try:
    ...     collect_rollouts("Reacher-v5", lambda observations: np.full((1, 2), np.nan))
    ... except EpisodeError as error:
    ...     print(error.episode, error.step, error.round)
    0 0 None
    """

    def __init__(
        self,
        message: str,
        *,
        round: int | None = None,
        episode: int | None = None,
        step: int | None = None,
    ) -> None:
        super().__init__(message)
        self.round = round
        self.episode = episode
        self.step = step


@public
class WorkerError(EpisodeError):
    """Workers could not run the episodes that they were to run.

    One of them was killed, as the kernel does where memory runs out; or what they need
    cannot be pickled. What the backend of joblib raised is the ``__cause__``.

    Parameters
    ----------
    message : str
        What happened.
    round : int or None, default=None
        The round of DAgger.
    episodes : iterable of int, default=()
        The numbers of the episodes.

    Attributes
    ----------
    episodes : tuple of int
        Those of which nothing has come back; one of them may be to blame.
    round : int or None
        The round of DAgger, None outside of it.
    episode, step : None
        Nobody knows.

    Examples
    --------
    >>> from skimitate import EpisodeError, WorkerError
    >>> error = WorkerError("n_jobs: a worker was killed", episodes=[4, 5])
    >>> error.episodes, isinstance(error, EpisodeError)
    ((4, 5), True)
    """

    def __init__(
        self, message: str, *, round: int | None = None, episodes: Iterable[int] = ()
    ) -> None:
        super().__init__(message, round=round)
        self.episodes = tuple(episodes)
