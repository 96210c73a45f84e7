"""Collecting and evaluating: what a policy does in an environment."""

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skimitate._public import public
from skimitate._seeds import spawn_seeds
from skimitate._validation import check_count
from skimitate.environments._action_noise import NoisyDriver, read_action_noise
from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._make import EnvLike
from skimitate.environments._outcome import outcome_of
from skimitate.environments._rollouts import Rollouts
from skimitate.environments._run import run_episodes
from skimitate.environments._success import successes_of


@public
def collect_rollouts(
    env: EnvLike,
    policy: Any,
    *,
    n_episodes: int = 10,
    max_steps: int | None = None,
    action_noise: ArrayLike | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: bool = False,
) -> Rollouts:
    """Run a policy in an environment and keep every step.

    Parameters
    ----------
    env : str, EnvSpec, callable, gymnasium.Env or gymnasium.vector.VectorEnv
        A Gymnasium id, a specification, or a callable without arguments that makes an
        environment; its actions numbers (Box) or classes (Discrete, MultiDiscrete,
        MultiBinary). A live environment is taken with one job, and left open. Whatever
        it shows becomes a row of numbers for the policy and for what is kept. A vector
        environment, or a callable that makes one, runs as many episodes side by side
        as it has sub-environments. See the notes.
    policy : callable or object with act or predict
        From a batch of observations (n, n_features) to a batch of actions
        (n, n_outputs): an expert, a fitted estimator, a stable-baselines3 model. A
        policy with a ``reset()`` has it called before each episode.
    n_episodes : int, default=10
        Number of episodes.
    max_steps : int or None, default=None
        Where to cut an episode that the environment has not ended.
    action_noise : float, array-like of shape (n_outputs,) or None, default=None
        Standard deviation of Gaussian noise that is added to each action before it is
        clipped and done, in the unit of the actions; several numbers are one for each
        output. The actions that are returned are without it: an expert's are what it
        would do in states that it reaches by mistakes, which a clone will make. The
        idea is that of DART (Laskey et al., CoRL 2017, section 3), which also fits the
        noise to the learner's error. Episodes begin in the same states with and
        without noise.
    n_jobs : int or None, default=None
        Number of workers, in joblib's terms, on the backend that is active. Those that
        have to be started, as processes of ``"loky"``, are started once the time that
        episodes take says that it pays: the first ones are run here. The backend
        ``"multiprocessing"`` waits for ever for a worker that was killed; the others
        raise, or run the episodes again.
    random_state : int, RandomState instance or None, default=None
        Determines the episodes, whatever ``n_jobs`` and whatever backend.
    verbose : bool, default=False
        Whether to print a line for each episode.

    Returns
    -------
    Rollouts
        With the actions that the policy asked for; what the environment got was
        clipped to its action space, after the noise was added. ``action_noise`` tells
        the noise of each episode.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not as described.
    EpisodeError
        If the policy or the environment fails or gives what cannot be used, with the
        episode and the step: a ValueError as well.
    WorkerError
        If a worker is killed, or cannot be sent what it needs.

    Warns
    -----
    UserWarning
        If the environment ignores its seed; or if its ``close`` raises, which loses
        nothing. Environments that were made here are closed in every case.

    Notes
    -----
    Observations of Dict, Tuple, Discrete, MultiDiscrete, MultiBinary and Box spaces of
    any dimension become rows as :func:`gymnasium.spaces.flatten` makes them: whole
    numbers that stand for something one-hot, and the parts of a Dict or Tuple one after
    the other. ``feature_names`` of the rollouts tells where each column comes from. An
    expert that was written for the Dict is given by the way back,
    :func:`gymnasium.spaces.unflatten`:
    ``per_observation(lambda row: expert(unflatten(env.observation_space, row)))``.
    Images are refused: they need numbers that describe them first.

    In a vector environment the policy is asked once a step, about all episodes that go
    on; a policy with a memory must have a ``predict(observation, state,
    episode_start)`` that keeps them apart, as those of skimitate and the recurrent ones
    of stable-baselines3 do. Episodes begin in the order of their numbers, and each that
    begins is run to its end, however long it lasts. What seeds do depends on the
    environment:

    - Gymnasium's ``SyncVectorEnv`` and ``AsyncVectorEnv`` take one for each episode:
      the episodes are those that are run one at a time, but for rounding, since a
      policy may compute a batch in another order. With ``autoreset_mode`` DISABLED each
      sub-environment begins its next episode at once; with NEXT_STEP or SAME_STEP,
      where it would do so without a seed, it waits until all are over.
    - Those that take one seed for all (as ``gymnasium.make_vec("CartPole-v1")``, whose
      arithmetic is its own) begin all episodes together. ``random_state`` determines
      them, and they depend on the number of sub-environments.
    - EnvPool has its seed from where it is made (``seed=``), and goes on from episode
      to episode: ``random_state`` determines what else there is, as the noise. One that
      a callable makes goes through the same episodes at each call.

    The last two take one job: their episodes cannot be shared out.

    Examples
    --------
    >>> from skimitate import collect_rollouts, load_expert
    >>> expert = load_expert("Hopper-v5")
    >>> rollouts = collect_rollouts(
    ...     "Hopper-v5", expert, n_episodes=2, max_steps=50, random_state=0)
    >>> rollouts.observations.shape, rollouts.lengths
    ((100, 11), array([50, 50]))

    Half of the episodes with noise, and the expert's own action as the label in all:

    >>> noisy = collect_rollouts("Hopper-v5", expert, n_episodes=2, max_steps=50,
    ...     action_noise=0.3, random_state=1)
    >>> demos = rollouts + noisy
    >>> demos.action_noise[:, 0]
    array([0. , 0. , 0.3, 0.3])
    >>> demos.episodes[demos.action_noise.any(axis=1)].n_episodes
    2

    Two at a time, and the same:

    >>> from functools import partial
    >>> import gymnasium
    >>> side_by_side = partial(gymnasium.make_vec, "Hopper-v5", num_envs=2)
    >>> beside = collect_rollouts(
    ...     side_by_side, expert, n_episodes=2, max_steps=50, random_state=0)
    >>> bool(abs(beside.returns - rollouts.returns).max() < 1e-6)
    True
    """
    check_count("n_episodes", n_episodes)
    check_count("max_steps", max_steps, optional=True)
    std = read_action_noise(action_noise, env)
    episodes = run_episodes(
        env,
        PolicyDriver(policy) if action_noise is None else NoisyDriver(policy, std),
        spawn_seeds(random_state, n_episodes),
        max_steps=max_steps,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    return Rollouts.from_trajectories(
        episode._replace(action_noise=np.full(episode.actions[0].size, std))
        for episode in episodes
    )


@overload
def evaluate_policy(
    env: EnvLike,
    policy: Any,
    *,
    n_episodes: int = 10,
    max_steps: int | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    return_success: Literal[False] = False,
) -> NDArray[np.float64]: ...


@overload
def evaluate_policy(
    env: EnvLike,
    policy: Any,
    *,
    n_episodes: int = 10,
    max_steps: int | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    return_success: Literal[True],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]: ...


@public
def evaluate_policy(
    env: EnvLike,
    policy: Any,
    *,
    n_episodes: int = 10,
    max_steps: int | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    return_success: bool = False,
) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Run a policy in an environment and return what it earned.

    Parameters
    ----------
    env : str, EnvSpec, callable, gymnasium.Env or gymnasium.vector.VectorEnv
        See :func:`collect_rollouts`.
    policy : callable or object with act or predict
        See :func:`collect_rollouts`.
    n_episodes : int, default=10
        Number of episodes.
    max_steps : int or None, default=None
        Where to cut an episode that the environment has not ended.
    n_jobs : int or None, default=None
        See :func:`collect_rollouts`.
    random_state : int, RandomState instance or None, default=None
        Determines the episodes, whatever ``n_jobs``: policies that are evaluated with
        the same one start from the same states.
    return_success : bool, default=False
        Whether to return as well which episodes succeeded, as ``is_success`` in the
        environment's info at the last step tells.

    Returns
    -------
    returns : ndarray of shape (n_episodes,)
        Sum of the rewards of each episode.
    is_success : ndarray of shape (n_episodes,), bool
        Only if ``return_success`` is true.

    Raises
    ------
    TypeError, ValueError
        As :func:`collect_rollouts`; or if the environment does not report a success
        that was asked for.

    Examples
    --------
    >>> from skimitate import evaluate_policy, load_expert
    >>> expert = load_expert("Hopper-v5")
    >>> returns = evaluate_policy("Hopper-v5", expert, n_episodes=1, random_state=0)
    >>> bool(returns.mean() > 3000)
    True
    """
    check_count("n_episodes", n_episodes)
    check_count("max_steps", max_steps, optional=True)
    outcomes = run_episodes(
        env,
        PolicyDriver(policy),
        spawn_seeds(random_state, n_episodes),
        max_steps=max_steps,
        n_jobs=n_jobs,
        keep=outcome_of,
    )
    returns = np.array([outcome.value for outcome in outcomes])
    if not return_success:
        return returns
    told = [outcome.is_success for outcome in outcomes]
    return returns, successes_of(told, "return_success")
