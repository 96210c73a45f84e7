"""DAgger with continuous actions."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags

from skimitate._public import public
from skimitate.cloning._regressor import BehaviorCloner
from skimitate.dagger._acting import ActingDAgger, policy_kept
from skimitate.dagger._targets import ContinuousTargets
from skimitate.policies._as_policy import Policy, policy_of


@public
class DAggerRegressor(MultiOutputMixin, RegressorMixin, ActingDAgger):
    """Imitate an expert by asking it what to do where the learner's policy leads.

    A clone of demonstrations sees only the states that the expert visits, and its
    errors lead it out of them. DAgger (dataset aggregation) lets the learner drive,
    labels states that it visits with the expert's actions there, and trains on all
    the labels so far, for a number of rounds. :meth:`fit` does so with an expert at
    hand; :meth:`ask` and :meth:`tell` are a round in two halves, for labels that come
    from people or other processes.

    Parameters
    ----------
    estimator : regressor or None, default=None
        The learner: any regressor, a :class:`~sklearn.pipeline.Pipeline` included.
        None means ``BehaviorCloner()``. Normalization belongs in here: the expert
        always sees raw observations.
    env : str, EnvSpec, callable, gymnasium.Env, VectorEnv or None, default=None
        A Gymnasium id, a specification, or a picklable callable without arguments that
        makes an environment; with a Box action space. A live environment is taken where
        nothing has to be cloned or pickled. What it shows is a row of numbers to the
        expert as to the learner, and Dicts and other spaces become one as in
        :func:`collect_rollouts`; its notes say how an expert that was written for a
        Dict gets that back, and what seeds do in vector environments. In one of these
        the episodes of a round go on side by side, and whoever acts is asked once a
        step for all of them.
    expert : callable or object with act or predict or None, default=None
        From a batch of observations (n, n_features) to a batch of actions
        (n, n_outputs). Where it drives it is asked at each step, about one
        observation; else after the episode, in one call for all that ``query`` chose.
        See Notes for experts that remember, that have no answer, or that take over.
        With :meth:`ask` and :meth:`tell` it may be None.
        The expert is never copied or unfitted by :func:`sklearn.base.clone`; as a value
        in the grid of a search, which clones its values, a fitted estimator belongs in
        a :class:`~sklearn.frozen.FrozenEstimator`.
    n_rounds : int, default=40
        Number of rounds of collecting, labeling and training, after the start.
    n_episodes_per_round : int, default=1
        Number of episodes collected in each round.
    n_epochs_per_round : int or "auto", default="auto"
        Of a learner that goes on from round to round, the number of passes over all
        the labels in each round. "auto" makes it as many as take 3,000 gradient steps,
        or 2,500 of a recurrent cloner, and at least one: what a pass is worth depends
        on the number of labels.
    query : {"all"}, int, float or callable, default="all"
        Which visited states the expert is asked about: all; that many of each episode,
        drawn at random without replacement; that part of each episode (0 to 1), at
        least one; or those rows that a callable returns, as an array of int: it is
        given the observations of an episode, of shape (n_steps, n_features), and the
        learner that drove (None if nothing has been trained yet), whose ``predict``
        takes the episodes as ``groups`` if it has a memory. Steps that the expert
        drove, as in demonstrations, are labelled in any case. Neighbouring states say
        nearly the same. 0 is for experts that take over, or drive by ``beta``.
    beta : float, callable or None, default=None
        Probability, at each step, that the expert drives: a number is raised to the
        power of the round, a callable gets the round (from 1), and None means 0: the
        parameter-free choice of Ross et al., where the expert drives only in the
        demonstrations that come before round 1.
    round_weight : {"uniform"} or callable, default="uniform"
        What a label weighs in training: the same in all rounds, or what a callable
        returns for its round, a positive number; 0 is the round of the demonstrations.
        ``lambda i: 1.1**i`` trusts later labels more. Only for learners that take
        ``sample_weight``. The ``loss`` in ``history_`` is not weighted.
    incremental : bool, default=True
        Whether a learner goes on from round to round, if it has ``continue_fit`` (as
        :class:`BehaviorCloner` has) or ``partial_fit``. In a
        :class:`~sklearn.pipeline.Pipeline` or a
        :class:`~sklearn.compose.TransformedTargetRegressor` the regressor inside goes
        on, and the transformers stay as the first fit left them. Otherwise, and for
        other learners, each round fits a new clone to all the labels.
    n_eval_episodes : int, default=10
        Number of episodes in which a candidate for keeping is evaluated. Their seeds
        serve nothing else, and are the same for all candidates.
    keep : {"best", "last"}, default="best"
        Which round's policy to keep: that with the best mean return, or the last.
    n_jobs : int or None, default=None
        Number of workers that run episodes; see :func:`collect_rollouts`.
    max_steps : int or None, default=None
        Where to cut an episode that the environment has not ended.
    query_timeout : float or None, default=None
        How many seconds the expert has for an answer, be it for one step or for an
        episode, before that is an error. None waits for as long as it takes.
    checkpoint_dir : path-like or None, default=None
        A folder in which the run is kept, so that it survives whatever ends it: the
        same call of :meth:`fit`, or of :meth:`ask`, goes on where it stopped, and
        comes to the same, to the last bit. Labels are on the disk, copied, before
        anything is learnt from them, and are not asked for again: at most those of the
        episodes that were being run or labelled, one for each job. It has to be the
        same run: the same parameters (but ``n_jobs``, ``verbose`` and
        ``query_timeout``), data, versions and expert, as far as names and checksums of
        parameters tell. One run uses a folder at a time. Learners of skimitate and
        scikit-learn are kept by skops, which runs no code that is in a file; others by
        joblib, as pickles. None keeps nothing.
    random_state : int, RandomState instance or None, default=None
        Determines everything, whatever ``n_jobs``; a ``random_state`` of the learner
        that is None is set too.
    verbose : bool, default=False
        Whether to print a line for each round, and in the end the last round's return
        and the round that is kept. For progress bars, see ``set_callbacks`` and
        :mod:`sklearn.callback`.

    Attributes
    ----------
    estimator_ : regressor
        The learner of the round that was kept.
    history_ : list of dict
        A record of each round, the start (round 0) included: ``round``; ``beta``, 1 for
        demonstrations; ``n_samples``, the labels trained on; ``n_expert_queries``, the
        states that the expert has been asked about so far, answered or not;
        ``training``, whether the learner was ``"fitted"`` anew or ``"continued"``;
        ``loss``, the mean squared error on these samples after training;
        ``mean_return`` and ``std_return`` of the episodes that measured the round's
        policy and ``n_eval_episodes``, their number; ``evaluated``, whether they are
        those of the evaluation in the end; ``seconds``.
    best_round_ : int
        The round that was kept; 0 is the clone that DAgger started from. Between
        :meth:`ask` and :meth:`tell` it is the last one.
    expert_return_ : float or None
        Mean return of the demonstrations; None if they were given as X and y.
    n_outputs_ : int
        Number of action dimensions.
    n_features_in_ : int
        Number of observation dimensions.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had any.

    Notes
    -----
    An expert with a method ``reset()`` may remember: that is called at the start of
    each episode, and the expert is asked at each step, whoever drives. None for the
    batch or for a row of it means that there is no label; so does a row of NaN, if the
    expert has an attribute ``allow_missing`` that is True. One with a method
    ``should_intervene(observation, action)`` drives wherever that, given an observation
    of shape (n_features,) and the action of shape (n_outputs,) that the learner is
    about to do, returns True [3]_.

    The episodes that the learner drives alone measure the policy of the round before
    at no extra cost. The rounds with the best of these returns, and the last one, are
    then evaluated in ``n_eval_episodes`` episodes each. Policies that no such episode
    measures are evaluated as they come, if the best is to be kept; else their returns
    are NaN.

    A learner whose ``fit`` takes ``groups``, the last step of a pipeline included, is
    told the episode of each label whenever it is fitted anew: a
    ``BehaviorCloner(early_stopping=True)`` holds out whole episodes. Demonstrations
    count as 20 blocks of successive rows unless :meth:`fit` is told their episodes. As
    long as there is one episode alone, nothing is told.

    NaN in X are left to a learner that takes them; those that the environment itself
    shows are an error.

    References
    ----------
    .. [1] Ross, Gordon, Bagnell: "A reduction of imitation learning and structured
       prediction to no-regret online learning", AISTATS 2011, algorithm 3.1.
    .. [2] Cheng, Boots: "Convergence of value aggregation for imitation learning",
       AISTATS 2018: the last policy need not be the best.
    .. [3] Kelly, Sidrane, Driggs-Campbell, Kochenderfer: "HG-DAgger: interactive
       imitation learning with human experts", ICRA 2019.

    Examples
    --------
    >>> from skimitate import BehaviorCloner, DAggerRegressor, load_expert
    >>> dagger = DAggerRegressor(
    ...     BehaviorCloner(max_iter=5),
    ...     env="Hopper-v5",
    ...     expert=load_expert("Hopper-v5"),
    ...     n_rounds=2,
    ...     n_epochs_per_round=5,
    ...     n_eval_episodes=1,
    ...     random_state=0,
    ... ).fit()
    >>> [record["round"] for record in dagger.history_]
    [0, 1, 2]
    """

    _targets_class = ContinuousTargets

    def _default_learner(self) -> Any:
        return BehaviorCloner()

    def predict(
        self, X: ArrayLike, groups: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Return the kept policy's actions.

        What acts step by step, with a memory if the learner has one, is what
        :func:`skimitate.as_policy` gives.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Raw observations.
        groups : array-like of shape (n_samples,) or None, default=None
            The episode of each, in successive rows, for a learner with a memory. None:
            each is an episode of its own. Others are not told, as it makes no
            difference to them.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Actions, in the shape that ``y`` had; with two dimensions without ``y``.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X or groups are not as described.
        """
        return self._shaped(np.asarray(self._predict(X, groups), dtype=np.float64))

    def score(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> float:
        """Return R² of the predictions on the data given.

        That says how well the kept policy copies these labels, and little of where it
        leads: to choose by what it earns, give a search
        ``scoring=make_return_scorer(env)``; see :func:`make_return_scorer`.

        Parameters
        ----------
        X, groups
            See :meth:`predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The expert's actions.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            What each sample counts for.

        Returns
        -------
        float
            1 if all actions are the expert's, the mean over the outputs.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        ValueError, TypeError
            If X, y or groups are not as described.

        Warns
        -----
        UserWarning
            If a learner with a memory is told of no episodes.
        """
        return float(
            r2_score(y, self._to_score(X, groups), sample_weight=sample_weight)
        )

    def __sklearn_tags__(self) -> Tags:
        """Return the tags of the learner, as far as they are for it to say."""
        return self._following_learner(super().__sklearn_tags__())


@policy_of.register
def _of_dagger(actor: DAggerRegressor) -> Policy:
    return policy_kept(actor, DAggerRegressor)
