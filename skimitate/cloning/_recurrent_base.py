"""Cloners that remember an episode: recurrent networks."""

import warnings
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from skimitate._callers import levels_to_the_user
from skimitate._sklearn import Interval, StrOptions, fit_context, safe_indexing
from skimitate._validation import validate_observations
from skimitate.cloning import _hidden_layers
from skimitate.cloning._base import BaseCloner
from skimitate.cloning._cells import CELLS
from skimitate.cloning._early_stopping import Told
from skimitate.cloning._groups import validate_groups, warn_of_no_groups_to_score
from skimitate.cloning._recurrent_architecture import RecurrentArchitecture
from skimitate.cloning._samples import Samples
from skimitate.cloning._windows import Windows

if TYPE_CHECKING:
    from skimitate.cloning._recurrent_network import RecurrentNetwork
    from skimitate.cloning._recurrent_trainer import RecurrentData, RecurrentTrainer

# Gradient steps of a fit with max_iter="auto", each of two windows: about a minute.
# Seeds differ more than settings do in what clones of Hopper earn whose velocities are
# hidden; those that trained for longer mostly earned more.
N_STEPS = 50_000


class RecurrentCloner(BaseCloner):
    """Trains a recurrent network on minibatches of windows of episodes.

    Attributes
    ----------
    learns_sequences : bool
        True: who has whole episodes of which some steps have no label gives them whole,
        with weight 0 where there is none.
    """

    learns_sequences = True
    _remembers = True

    # Episodes are their business: without being told, no request has to be made.
    __metadata_request__fit = {"groups": True}
    __metadata_request__partial_fit = {"groups": True}
    __metadata_request__predict = {"groups": True}
    __metadata_request__score = {"groups": True}

    _network_constraints: dict = _hidden_layers.CONSTRAINTS | {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "cell": [StrOptions(set(CELLS))],
        "bptt_steps": [Interval(Integral, 1, None, closed="left")],
    }
    _n_steps_of_fit = N_STEPS

    bptt_steps: int
    network_: "RecurrentNetwork"
    _trainer: "RecurrentTrainer"

    def _initialize(self) -> None:
        self.network_.initialize(self._rngs, self.bptt_steps)

    @staticmethod
    def _kinds() -> "tuple[type[RecurrentNetwork], type[RecurrentTrainer]]":
        from skimitate.cloning._recurrent_network import RecurrentNetwork
        from skimitate.cloning._recurrent_trainer import RecurrentTrainer

        return RecurrentNetwork, RecurrentTrainer

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        groups_val: ArrayLike | None = None,
    ) -> Self:
        """Clone the expert's actions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations, in their own units; those of an episode in successive rows,
            in the order of its steps.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's action for each observation; a classifier takes numbers,
            strings or bools.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Non-negative weights of the samples; only their proportions matter. A sample
            of weight 0 has no label: it is seen and remembered, and its ``y`` may be
            anything, NaN or None as well.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each sample. None: each is an episode of its own, and there
            is nothing to remember.
        X_val : array-like of shape (n_validation_samples, n_features) or None
            Observations to validate with in place of a part of X; only with
            ``early_stopping``, and together with ``y_val``. For what a
            :class:`~sklearn.pipeline.Pipeline` does to them, see its
            ``transform_input``.
        y_val : array-like of shape (n_validation_samples,) or \
                (n_validation_samples, n_outputs) or None, default=None
            The expert's actions for them.
        groups_val : array-like of shape (n_validation_samples,) or None, default=None
            The episode of each of them, if ``groups`` is given.

        Returns
        -------
        estimator
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described; if the rows of an episode
            are not successive; if there are no two episodes to be split for
            ``early_stopping``; if the loss stops being finite; or if a warm start is
            given other features or outputs than it goes on with, or classes that it
            does not know.
        KeyboardInterrupt
            If training is interrupted, by Ctrl-C for one. What was learnt so far acts
            then, with ``early_stopping`` the best of it, and training can go on from
            there; so it is for :meth:`partial_fit` and :meth:`continue_fit`. Before the
            first step of training, the cloner is left as it was.

        Warns
        -----
        UserWarning
            If no ``groups`` are given; or if the sizes of continuous actions are too
            different for ``action_scaling``.
        """
        told = Told(groups, X_val, y_val, groups_val)
        _check_goes_together(told)
        return self._fit(X, y, sample_weight, told)

    @fit_context(prefer_skip_nested_validation=True)
    def continue_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        n_epochs: int = 1,
    ) -> Self:
        """Train for some epochs more, on data that holds all there is to learn.

        The normalizer is fitted anew to these data, and its change is folded into the
        network. This is how DAgger trains from round to round: as many calls of
        :meth:`partial_fit` would count the oldest samples over and over. All the
        samples are trained on; early stopping does not apply.

        Parameters
        ----------
        X, y, sample_weight, groups
            See :meth:`fit`.
        n_epochs : int, default=1
            Number of passes over the data.

        Returns
        -------
        estimator
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter is not as described, or if the loss stops being
            finite.
        """
        return self._go_on_for(
            X, y, sample_weight, n_epochs=n_epochs, running=False, groups=groups
        )

    def _validate_samples(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        anew: bool,
        groups: ArrayLike | None = None,
        **told: Any,
    ) -> Samples:
        """Check the training data, but not what stands where there is no label."""
        labels = _with_labels(y, sample_weight)
        return super()._validate_samples(
            X, labels, sample_weight, anew=anew, groups=groups, **told
        )

    def _episodes(self, groups: ArrayLike | None, n_samples: int) -> NDArray[np.intp]:
        """Return the number of each sample's episode; without groups, its own."""
        if groups is not None:
            return validate_groups(groups, n_samples)
        warnings.warn(
            "groups: expected the episode of each sample, got None; each sample is an "
            "episode of its own, and nothing will be remembered",
            UserWarning,
            stacklevel=levels_to_the_user(),
        )
        return np.arange(n_samples)

    def _architecture(self, train: Samples) -> RecurrentArchitecture:
        return RecurrentArchitecture.of(self, train.X.shape[1], train.y.shape[1])

    def _new_networks(self, architecture: RecurrentArchitecture) -> "RecurrentNetwork":
        return self._kinds()[0].of(architecture)

    def _windows(self, train: Samples) -> Windows:
        assert train.episodes is not None
        return Windows(train.episodes, self.bptt_steps)

    def _count(self, train: Samples) -> int:
        return len(self._windows(train))

    def _input_weight(self, train: Samples) -> None:
        # Steps without a label are seen all the same.
        return None

    def _lay_out(
        self, inputs: NDArray, targets: NDArray, train: Samples
    ) -> "RecurrentData":
        windows = self._windows(train)
        return self._trainer.prepare(inputs, targets, train.weight, windows)

    def _train(self, data: Any) -> float:
        """Pass once over the data, cut and ordered anew; return the loss."""
        return self._trainer.run_epoch(data, data.windows.cut(self._rngs[0]))

    def _predicted(self, samples: Samples) -> NDArray[np.float64]:
        assert samples.episodes is not None
        return self.network_.over(samples.X, samples.episodes, self._units)

    def _to_score(self, X: ArrayLike, groups: ArrayLike | None) -> NDArray:
        """Return the predictions that a score is of; warn if nothing is remembered."""
        predicted = self.predict(X, groups)
        if groups is None:
            warn_of_no_groups_to_score(len(predicted))
        return predicted

    def _outputs(
        self, X: ArrayLike, groups: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Return what the network puts out at each step, in the units of the targets.

        What is not told to be of one episode is not.
        """
        check_is_fitted(self)
        observations = validate_observations(self, X, reset=False)
        n_samples = len(observations)
        episodes = np.arange(n_samples)
        if groups is not None:
            episodes = validate_groups(groups, n_samples)
        return self.network_.over(observations, episodes, self._units)


def _with_labels(y: Any, sample_weight: ArrayLike | None) -> Any:
    """Put a label that there is in the place of each one that weighs nothing.

    What stands there counts for nothing, may be NaN, and is no class of its own.
    """
    if sample_weight is None:
        return y
    try:
        weighs = np.asarray(sample_weight, dtype=np.float64) != 0
        fits = weighs.shape == (len(y),)
    except (TypeError, ValueError):  # which the checks will tell of
        return y
    if not fits or weighs.all() or not weighs.any():
        return y
    rows = np.arange(len(weighs))
    rows[~weighs] = np.argmax(weighs)
    return safe_indexing(y, rows)


def _check_goes_together(told: Told) -> None:
    """Raise if the episodes of one side are told and those of the other are not."""
    if told.X_val is not None and told.groups is not None:
        if told.groups_val is None:
            raise ValueError(
                "groups_val: expected the episode of each row of X_val, as groups "
                "tells that of each row of X, got None"
            )
    elif told.groups_val is not None:
        missing = "X_val" if told.X_val is None else "groups"
        raise ValueError(f"groups_val: expected None without {missing}, got episodes")
