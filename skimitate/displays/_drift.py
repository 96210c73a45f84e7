"""How far a learner drifts from the data it was trained on, drawn by step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skimitate._public import public
from skimitate._seeds import draw_seed, spawn_seeds
from skimitate._validation import check_count
from skimitate.displays._axes import (
    add_legend,
    axes_or_new,
    name_axes,
    require_matplotlib,
)
from skimitate.displays._training_states import TrainingStates, read_training_data
from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._episode import Episode
from skimitate.environments._make import EnvLike, env_widths
from skimitate.environments._rollouts import Rollouts
from skimitate.environments._run import run_episodes
from skimitate.experts._check import check_widths

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The line is the middle, and the band between the others.
_QUANTILES = (0.05, 0.5, 0.95)
_LEVEL = "the data from each other"


@public
class DriftDisplay:
    """Distance of a learner's states from the data it was trained on, by step.

    Create it with :meth:`from_estimator`.

    The median over the episodes is a line, and a band goes from the 5th to the 95th
    percentile. Where fewer than half of the episodes are left, the line is dotted.
    A cross is the last step of an episode that the environment ended.
    The distances of the data from each other are a grey line and a grey band.

    Parameters
    ----------
    distances : sequence of array-like of shape (n_steps,)
        For each episode the distances of its states, in standard deviations of the
        data.
    terminated : array-like of shape (n_episodes,), bool, or None, default=None
        Which episodes the environment ended; None for none.
    data_distances : array-like of shape (n,) or None, default=None
        Distances of rows of the data from others of the data. None, or none at all, if
        they are not known.
    name : str or None, default=None
        Who acted, for the legend.

    Attributes
    ----------
    n_left : ndarray of shape (n_steps,)
        Number of episodes that have each step.
    ax_ : matplotlib.axes.Axes
        Where it is drawn.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.
    line_ : matplotlib.lines.Line2D
        The median as far as half of the episodes go.

    Raises
    ------
    ValueError
        If there is no episode, or one without a step.

    Examples
    --------
    >>> from skimitate import (
    ...     BehaviorCloner, DriftDisplay, collect_rollouts, load_expert)
    >>> expert = load_expert("Reacher-v5")
    >>> demos = collect_rollouts("Reacher-v5", expert, n_episodes=2, random_state=0)
    >>> clone = BehaviorCloner(max_iter=5, random_state=0).fit(
    ...     demos.observations, demos.actions)
    >>> display = DriftDisplay.from_estimator(
    ...     clone, "Reacher-v5", demos, n_episodes=2, random_state=1)
    >>> both = DriftDisplay.from_estimator(
    ...     expert, "Reacher-v5", demos, n_episodes=2, random_state=1, name="expert",
    ...     ax=display.ax_)
    >>> both.ax_.get_xlabel()
    'step of the episode'
    """

    def __init__(
        self,
        distances: Sequence[ArrayLike],
        *,
        terminated: ArrayLike | None = None,
        data_distances: ArrayLike | None = None,
        name: str | None = None,
    ) -> None:
        self.distances = [np.asarray(one, dtype=float) for one in distances]
        if not self.distances or not all(
            one.ndim == 1 and one.size for one in self.distances
        ):
            raise ValueError(
                "distances: expected at least one episode, of at least one step each, "
                f"got shapes {[one.shape for one in self.distances]}"
            )
        n_episodes = len(self.distances)
        ended = np.zeros(n_episodes) if terminated is None else terminated
        self.terminated = np.asarray(ended, dtype=bool)
        if self.terminated.shape != (n_episodes,):
            raise ValueError(
                f"terminated: expected one for each of {n_episodes} episodes, got "
                f"shape {self.terminated.shape}"
            )
        known = () if data_distances is None else data_distances
        self.data_distances = np.asarray(known, dtype=float)
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        env: EnvLike,
        X: ArrayLike | Rollouts,
        *,
        groups: ArrayLike | None = None,
        n_episodes: int = 20,
        max_steps: int | None = None,
        n_neighbors: int = 5,
        max_samples: int = 20_000,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        name: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Run an estimator, and draw how far from its training data it gets.

        The distance of a state is the mean of those to the ``n_neighbors`` nearest
        states of X, where all are divided by the standard deviations of X; features
        that are constant in X are left out.

        Parameters
        ----------
        estimator : object
            What acts: a fitted cloner, a DAgger estimator, a Pipeline, an expert; see
            :func:`skimitate.as_policy`.
        env : str, EnvSpec, callable or gymnasium.Env
            See :func:`skimitate.collect_rollouts`.
        X : array-like of shape (n_samples, n_features), or Rollouts
            The data to measure from. To see why DAgger works, give the demonstrations
            that both it and a clone started from: the clone leaves them, and DAgger has
            learnt to stay. All that DAgger was trained on contains the states of its
            own earlier rounds, and tells that it has been wherever it goes.
        groups : array-like of shape (n_samples,) or None, default=None
            Which episode each of X is of. Rollouts know that themselves. If None, X is
            taken for rows in the order of the steps.
        n_episodes : int, default=20
            Number of episodes.
        max_steps : int or None, default=None
            Where to cut an episode that the environment has not ended.
        n_neighbors : int, default=5
            Number of neighbours.
        max_samples : int, default=20000
            If X has more rows, so many are drawn at random, for the learner as for the
            data's own distances: what it takes to search grows by rows of X times steps
            of the learner. Distances from fewer rows are larger; compare such as were
            measured with the same X and ``random_state``.
        n_jobs : int or None, default=None
            Number of workers that run episodes; see
            :func:`skimitate.collect_rollouts`.
        random_state : int, RandomState instance or None, default=None
            Determines the episodes and the rows that are drawn: estimators that are
            drawn with the same one start from the same states, as those that
            :func:`skimitate.evaluate_policy` evaluates with it.
        name : str or None, default=None
            For the legend; None for the name of the class.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw, such as the ``ax_`` of another display; None for a new
            figure, which shows as pyplot's do.

        Returns
        -------
        DriftDisplay

        Raises
        ------
        ValueError, TypeError
            If X is empty, not finite, or of another width than what the environment
            shows; if ``groups`` is of another length; if the estimator does not fit the
            environment or fails in it; or if a parameter is not as described.
        NotFittedError
            If the estimator is not fitted.
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).

        Notes
        -----
        The data's own distances are those from rows of one episode to the other
        episodes: the steps before and after a row are always near. If there is but one
        episode, or none is known, the 50 rows before and after each are left out
        instead. That needs rows in the order of the steps: of rows that were shuffled
        the data's own distances come out too small.
        """
        require_matplotlib("from_estimator")
        for count, value in (
            ("n_episodes", n_episodes),
            ("n_neighbors", n_neighbors),
            ("max_samples", max_samples),
        ):
            check_count(count, value)
        check_count("max_steps", max_steps, optional=True)
        X, groups = read_training_data(X, groups)
        _check_fits(estimator, env, X)
        generator = check_random_state(random_state)
        # As they are drawn elsewhere: the same episodes as those of an evaluation.
        seeds = spawn_seeds(generator, n_episodes)
        states = TrainingStates(
            X,
            groups,
            n_neighbors=n_neighbors,
            max_samples=max_samples,
            generator=np.random.default_rng(draw_seed(generator)),
        )
        episodes = run_episodes(
            env,
            PolicyDriver(estimator, "estimator"),
            seeds,
            max_steps=max_steps,
            n_jobs=n_jobs,
            keep=_seen_and_ended,
        )
        seen, terminated = zip(*episodes, strict=True)
        ends = np.cumsum([len(one) for one in seen])[:-1]
        return cls(
            np.split(states.distances(np.concatenate(seen)), ends),
            terminated=terminated,
            data_distances=states.own_distances(),
            name=name or type(estimator).__name__,
        ).plot(ax)

    @property
    def n_left(self) -> NDArray[np.intp]:
        """Number of episodes that have each step."""
        lengths = [len(one) for one in self.distances]
        return np.array(
            [sum(n > step for n in lengths) for step in range(max(lengths))]
        )

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None for a new figure, which shows as pyplot's do.

        Returns
        -------
        DriftDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed (``pip install skimitate[plot]``).
        """
        ax = axes_or_new(ax)
        n_left = self.n_left
        low, median, high = self._over_episodes()
        steps = np.arange(1, len(n_left) + 1)
        many = n_left >= n_left[0] / 2
        (self.line_,) = ax.plot(steps[many], median[many], label=self.name)
        color = self.line_.get_color()
        # From the last step that most have, so that the two parts are one line.
        few = slice(max(many.sum() - 1, 0), None)
        ax.plot(steps[few], median[few], linestyle=":", color=color)
        ax.fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
        self._mark_ends(ax, color)
        self._draw_level(ax, color)
        ax.set_ylim(bottom=0)
        name_axes(
            ax,
            "step of the episode",
            "distance from the training data\n(standard deviations)",
        )
        add_legend(ax)
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self

    def _over_episodes(self) -> NDArray[np.float64]:
        """Return quantiles at each step of the episodes that have it."""
        longest = len(self.n_left)
        padded = np.full((len(self.distances), longest), np.nan)
        for row, one in zip(padded, self.distances, strict=True):
            row[: len(one)] = one
        return np.nanquantile(padded, _QUANTILES, axis=0)

    def _mark_ends(self, ax: "Axes", color: Any) -> None:
        """Put a cross at the last step of each episode that the environment ended."""
        ended = [d for d, e in zip(self.distances, self.terminated, strict=True) if e]
        if not ended:
            return
        who = "" if self.name is None else f"{self.name}: "
        ax.plot(
            [len(one) for one in ended],
            [one[-1] for one in ended],
            "x",
            color=color,
            label=f"{who}{len(ended)} of {len(self.distances)} episodes end early",
        )

    def _draw_level(self, ax: "Axes", color: Any) -> None:
        """Draw the data's own distances, unless another display of these has."""
        if not self.data_distances.size:
            return
        low, level, high = np.quantile(self.data_distances, _QUANTILES)
        drawn = [line for line in ax.lines if str(line.get_label()).startswith(_LEVEL)]
        if any(np.ravel(line.get_ydata())[0] == level for line in drawn):
            return
        label = _LEVEL
        if drawn:
            label = f"{_LEVEL} ({self.name or 'other data'})"
        else:
            color = "grey"
        ax.axhspan(low, high, color=color, alpha=0.15, linewidth=0)
        ax.axhline(level, color=color, linestyle="--", linewidth=1, label=label)


def _seen_and_ended(episode: Episode) -> tuple[NDArray, bool]:
    """Keep of an episode what was seen, and whether the environment ended it."""
    return episode.observations, bool(episode.terminated)


def _check_fits(estimator: Any, env: EnvLike, X: NDArray) -> None:
    """Raise if the data, or the estimator, are not for the environment."""
    n_features, _ = env_widths(env)
    if X.shape[1] != n_features:
        raise ValueError(
            f"X: expected the {n_features} features that env shows, got {X.shape[1]}"
        )
    check_widths(env, estimator, "estimator", "env")
