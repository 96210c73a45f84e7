"""Vector environments: episodes side by side, the same as one at a time."""

import warnings
from functools import partial

import envpool
import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier
from toy import STEPS, GoalEnv, PointEnv, StepsEnv, StepsExpert, expert

from skimitate import (
    BehaviorCloningClassifier,
    DAggerClassifier,
    DAggerRegressor,
    EpisodeError,
    HistoryRegressor,
    RecurrentBehaviorCloner,
    collect_rollouts,
    evaluate_policy,
    make_return_scorer,
    per_observation,
)
from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._run import run_episodes

MODES = list(AutoresetMode)
modes = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)


class Apart(gymnasium.ObservationWrapper):
    """Shows a new array each time, as those must that reset themselves at once."""

    def observation(self, observation):
        return observation.copy()


class LengthsEnv(GoalEnv):
    """The point, whose episodes take from three to eight steps, as their seeds say."""

    def reset(self, *, seed=None, options=None):
        observation, info = super().reset(seed=seed, options=options)
        self.n_steps = int(self.np_random.integers(3, 9))
        return observation.copy(), info

    def step(self, action):
        observation, *rest = super().step(action)
        return observation.copy(), *rest


class DictEnv(LengthsEnv):
    """It shows its position and its goal."""

    observation_space = Dict(
        at=Box(-np.inf, np.inf, (2,)), mode=gymnasium.spaces.Discrete(2)
    )

    def shown(self):
        return {"at": self.position.astype(np.float32), "mode": self.t % 2}

    def reset(self, **options):
        super().reset(**options)
        return self.shown(), {}

    def step(self, action):
        _, *rest = super().step(action)
        return self.shown(), *rest


def vector(env_class=LengthsEnv, n=3, mode=AutoresetMode.NEXT_STEP, **options):
    return SyncVectorEnv([env_class] * n, autoreset_mode=mode, **options)


def made_by(*arguments, **options):
    return partial(vector, *arguments, **options)


class Asked:
    """Counts the batches that it is shown, and their rows."""

    def __init__(self, policy=expert):
        self.policy = policy
        self.sizes = []

    def __call__(self, observations):
        self.sizes.append(len(observations))
        return self.policy(observations)


@modes
@pytest.mark.parametrize(
    "options", [{}, {"max_steps": 6}, {"action_noise": 0.3}], ids=str
)
def test_the_same_rollouts_as_one_at_a_time(mode, options):
    options = {"n_episodes": 10, "random_state": 0} | options
    alone = collect_rollouts(LengthsEnv, expert, **options)
    assert len(set(alone.lengths)) > 1
    assert collect_rollouts(made_by(mode=mode), expert, **options) == alone
    live = vector(mode=mode, copy=False)
    assert collect_rollouts(live, expert, **options) == alone
    assert collect_rollouts(live, expert, **options) == alone


@modes
def test_the_policy_is_asked_once_a_step_for_all(mode):
    asked = Asked()
    rollouts = collect_rollouts(
        made_by(PointEnv, mode=mode), asked, n_episodes=5, random_state=0
    )
    assert asked.sizes == [3] * 5 + [2] * 5
    assert_array_equal(rollouts.lengths, 5)


@modes
def test_successes_are_those_of_last_steps(mode):
    options = {"n_episodes": 12, "random_state": 3, "return_success": True}
    alone = evaluate_policy(LengthsEnv, lambda x: -0.1 * x, **options)
    beside = evaluate_policy(made_by(mode=mode), lambda x: -0.1 * x, **options)
    assert 0 < alone[1].sum() < 12
    assert_array_equal(alone, beside)


@modes
@pytest.mark.parametrize("kind", STEPS)
def test_actions_that_are_classes(kind, mode):
    def make():
        return Apart(StepsEnv(STEPS[kind]))

    options = {"policy": StepsExpert(STEPS[kind]), "n_episodes": 4, "random_state": 0}
    alone = collect_rollouts(make, **options)
    assert collect_rollouts(made_by(make, mode=mode), **options) == alone


@modes
def test_dicts(mode):
    policy = Asked(lambda x: -x[:, :2])
    alone = collect_rollouts(DictEnv, policy, n_episodes=5, random_state=0)
    beside = collect_rollouts(
        made_by(DictEnv, mode=mode), policy, n_episodes=5, random_state=0
    )
    assert beside == alone
    assert beside.feature_names == ("at[0]", "at[1]", "mode=0", "mode=1")


def test_sub_environments_in_processes():
    made = partial(
        gymnasium.make_vec, "Pendulum-v1", num_envs=2, vectorization_mode="async"
    )
    options = {"n_episodes": 3, "max_steps": 20, "random_state": 0}
    swing = per_observation(lambda row: -row[1])
    assert_allclose(
        evaluate_policy(made, swing, **options),
        evaluate_policy("Pendulum-v1", swing, **options),
    )


class LinearPlain(LinearRegression):
    """Fitted as those that take groups are."""

    def fit(self, X, y, groups=None):
        return super().fit(X, y)


def fitted(learner, **options):
    X = np.random.default_rng(0).normal(size=(60, 2))
    return learner.fit(X, -0.7 * X, groups=np.repeat(np.arange(6), 10), **options)


@modes
@pytest.mark.parametrize(
    "learner",
    [
        HistoryRegressor(LinearRegression(), 3, actions=True),
        RecurrentBehaviorCloner(max_iter=2, hidden_layer_sizes=(4,), random_state=0),
    ],
    ids=lambda learner: type(learner).__name__,
)
def test_a_memory_for_each_episode(learner, mode):
    options = {"n_episodes": 9, "random_state": 1}
    policy = fitted(learner)
    alone = collect_rollouts(LengthsEnv, policy, **options)
    beside = collect_rollouts(made_by(mode=mode), policy, **options)
    assert_allclose(beside.actions, alone.actions, atol=1e-12)


class Counting:
    """Pushes less at each step; its state is handed in and out."""

    def predict(self, observation, state=None, episode_start=None):
        if state is None:
            state = np.zeros(len(observation))
        state = np.where(episode_start, 0.0, state) + 1.0
        return -observation / state[:, np.newaxis], state


@modes
def test_a_memory_in_the_form_of_stable_baselines(mode):
    options = {"n_episodes": 9, "random_state": 1}
    alone = collect_rollouts(LengthsEnv, Counting(), **options)
    assert collect_rollouts(made_by(mode=mode), Counting(), **options) == alone


class Resetting(Asked):
    """Remembers, and can forget all or nothing."""

    def reset(self):
        self.sizes.clear()


def test_a_memory_that_cannot_keep_episodes_apart():
    with pytest.raises(ValueError, match=r"policy: expected one without a memory"):
        collect_rollouts(made_by(), Resetting())
    dagger = DAggerRegressor(LinearRegression(), made_by(), Resetting(), n_rounds=1)
    with pytest.raises(ValueError, match=r"expert: expected one without a memory"):
        dagger.fit()


def results(dagger):
    told = ("round", "n_samples", "n_expert_queries", "mean_return", "std_return")
    return [[record.get(name) for name in told] for record in dagger.history_]


@modes
@pytest.mark.parametrize(
    "options",
    [{}, {"beta": 0.5, "keep": "last"}, {"beta": 0.4}, {"query": 2}],
    ids=str,
)
def test_dagger_comes_to_the_same(mode, options):
    def run(env):
        return DAggerRegressor(
            LinearRegression(),
            env,
            expert,
            n_rounds=3,
            n_episodes_per_round=4,
            n_eval_episodes=4,
            random_state=0,
            **options,
        ).fit()

    alone, beside = run(LengthsEnv), run(made_by(mode=mode))
    assert results(beside) == results(alone)
    assert_allclose(beside.estimator_.coef_, alone.estimator_.coef_)
    assert beside.best_round_ == alone.best_round_


def test_dagger_asks_an_expert_that_drives_once_for_all():
    asked = Asked()
    dagger = DAggerRegressor(
        LinearRegression(), made_by(PointEnv), asked, n_rounds=1, n_episodes_per_round=3
    )
    dagger.fit()
    assert asked.sizes == [3] * 5 + [5] * 3  # a step of all; then episode by episode


class TakesOver:
    """Drives where the point is far out, and knows nothing on the left."""

    def __call__(self, observations):
        return [None if row[0] < -1 else -row for row in observations]

    def should_intervene(self, observation, action):
        return bool(np.abs(observation).max() > 0.8)


@pytest.mark.parametrize("learner", ["plain", "history"])
def test_an_expert_that_takes_over_and_has_no_answer(learner):
    X = np.random.default_rng(0).normal(size=(60, 2))
    groups = np.repeat(np.arange(6), 10)
    learner = {
        "plain": LinearPlain(),
        "history": HistoryRegressor(LinearRegression(), 2, actions=True),
    }[learner]
    runs = [
        DAggerRegressor(
            learner,
            env,
            TakesOver(),
            n_rounds=2,
            n_episodes_per_round=5,
            n_eval_episodes=3,
            query=0,
            random_state=0,
        ).fit(X, -0.3 * X, groups=groups)
        for env in (LengthsEnv, made_by())
    ]
    alone, beside = (results(dagger) for dagger in runs)
    assert alone[-1][1] > alone[0][1]
    assert_allclose(np.array(beside), np.array(alone))


def test_dagger_with_classes_from_nothing():
    space = STEPS["discrete"]
    make = partial(StepsEnv, space)
    runs = [
        DAggerClassifier(
            DecisionTreeClassifier(random_state=0),
            env,
            StepsExpert(space),
            n_rounds=2,
            n_episodes_per_round=3,
            n_eval_episodes=2,
            random_state=0,
        ).fit()
        for env in (make, made_by(make))
    ]
    alone, beside = map(results, runs)
    assert beside == alone


def test_ask_and_tell():
    def questions(env):
        dagger = DAggerRegressor(
            LinearRegression(), env, n_rounds=1, n_episodes_per_round=4, random_state=0
        )
        first = dagger.ask()
        dagger.tell(first.ids, expert(first.observations))
        return first, dagger.ask()

    for alone, beside in zip(questions(LengthsEnv), questions(made_by()), strict=True):
        assert_array_equal(alone.observations, beside.observations)
        assert_array_equal(alone.ids, beside.ids)


@pytest.mark.slow
def test_a_checkpoint_goes_on(tmp_path):
    def run(n):
        return DAggerRegressor(
            LinearRegression(),
            made_by(n=n),
            expert,
            n_rounds=2,
            checkpoint_dir=tmp_path,
            random_state=0,
        ).fit()

    assert results(run(3)) == results(run(3))
    with pytest.raises(ValueError, match="checkpoint_dir"):
        run(4)


def test_a_live_one_is_told_from_others_of_another_size(tmp_path):
    def run(n):
        return DAggerRegressor(
            LinearRegression(),
            gymnasium.make_vec("Pendulum-v1", n, "sync"),
            lambda x: -x[:, 1:2],
            n_rounds=1,
            n_eval_episodes=1,
            max_steps=5,
            checkpoint_dir=tmp_path,
            random_state=0,
        ).fit()

    assert results(run(2)) == results(run(2))
    with pytest.raises(ValueError, match="num_envs"):
        run(3)


def test_a_scorer():
    scores = [
        make_return_scorer(env, n_episodes=5, random_state=0)(fitted(LinearPlain()))
        for env in (LengthsEnv, made_by())
    ]
    assert scores[0] == pytest.approx(scores[1], rel=1e-12)
    with pytest.raises(TypeError, match="live environment"):
        make_return_scorer(vector())


@pytest.mark.slow
def test_workers_share_the_episodes():
    options = {"n_episodes": 12, "random_state": 0}
    alone = evaluate_policy(LengthsEnv, expert, **options)
    assert_array_equal(evaluate_policy(made_by(), expert, n_jobs=2, **options), alone)


def one_generator(n=3):
    """Gymnasium's own, which takes one seed for all of them."""
    return gymnasium.make_vec("CartPole-v1", num_envs=n)


def lean(observations):
    return (observations[:, 2] > 0).astype(int)


def test_one_seed_for_all():
    options = {"n_episodes": 7, "random_state": 0}
    first = collect_rollouts(one_generator, lean, **options)
    assert collect_rollouts(one_generator, lean, **options) == first
    assert collect_rollouts(one_generator(), lean, **options) == first
    other = collect_rollouts(one_generator, lean, n_episodes=7, random_state=1)
    assert not np.array_equal(other.returns, first.returns)


def pool(task="CartPole-v1", **options):
    env = envpool.make_gymnasium(
        task, **{"num_envs": 3, "num_threads": 1, "seed": 0} | options
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*precision lowered")  # of its own limits
        assert env.observation_space is env.single_observation_space
    return env


class Knows:
    """A journal that has some of the episodes."""

    def __init__(self, known):
        self.known = known

    def find(self, number):
        return self.known.get(number)

    def done(self, number, kept):
        """Keep nothing."""


def test_one_seed_for_all_gives_none_twice_where_a_run_goes_on():
    make = partial(gymnasium.make_vec, "CartPole-v1", num_envs=3)
    driver = PolicyDriver(lambda rows: (rows[:, 2] > 0).astype(int))
    seeds = np.random.SeedSequence(0).spawn(6)
    first = run_episodes(make, driver, seeds)
    again = run_episodes(make, driver, seeds, journal=Knows({1: first[1]}))
    starts = [tuple(episode.observations[0]) for episode in again]
    assert len({*starts}) == 6


def test_envpool_has_its_seed_from_where_it_is_made():
    options = {"n_episodes": 7, "random_state": 0}
    first = collect_rollouts(pool, lean, **options)
    assert first.terminated.all()
    assert collect_rollouts(pool, lean, **options) == first
    others = collect_rollouts(partial(pool, seed=1), lean, **options)
    assert not np.array_equal(others.observations, first.observations)


def test_envpool_s_episodes_begin_and_end_where_they_should():
    rollouts = collect_rollouts(pool, lean, n_episodes=9, random_state=0)
    for episode in rollouts.episodes:
        assert np.abs(episode.observations[0]).max() <= 0.05
        # Of a pole that falls; the step that resets it is none of the episode.
        assert np.abs(episode.last_observation[2]) > 0.2
        assert (np.abs(episode.observations[:, 2]) < 0.21).all()
    assert_array_equal(rollouts.returns, rollouts.lengths)


def test_what_lasts_long_is_no_less_in_it():
    """All that begin come to their end: the first n that end would be short ones."""
    many = collect_rollouts(pool, lean, n_episodes=60, random_state=0)
    alone = collect_rollouts("CartPole-v1", lean, n_episodes=60, random_state=0)
    assert many.lengths.mean() == pytest.approx(alone.lengths.mean(), rel=0.15)


def test_envpool_cut_short():
    rollouts = collect_rollouts(pool, lean, n_episodes=5, max_steps=6)
    assert_array_equal(rollouts.lengths, 6)
    assert np.abs([e.observations[0] for e in rollouts.episodes]).max() <= 0.05


def test_envpool_in_dagger():
    dagger = DAggerClassifier(
        BehaviorCloningClassifier(max_iter=2, hidden_layer_sizes=(4,)),
        pool,
        lean,
        n_rounds=2,
        n_epochs_per_round=1,
        n_episodes_per_round=3,
        n_eval_episodes=2,
        random_state=0,
    ).fit()
    assert dagger.history_[-1]["n_samples"] > dagger.history_[0]["n_samples"]


class Seedless(SyncVectorEnv):
    """Does what it wants, whatever the seed."""

    def reset(self, *, seed=None, options=None):
        return super().reset(options=options)


def test_seeds_that_are_ignored():
    with pytest.warns(UserWarning, match="random_state does not determine"):
        evaluate_policy(lambda: Seedless([LengthsEnv] * 2), expert, n_episodes=3)


class Broken(SyncVectorEnv):
    """Has something wrong with it."""

    def __init__(self, what, mode=AutoresetMode.NEXT_STEP):
        super().__init__([LengthsEnv] * 3, autoreset_mode=mode)
        self.what = what
        if what == "mode":
            self.metadata = {}

    def step(self, actions):
        answer = list(super().step(actions))
        if self.what == "rewards":
            answer[1] = answer[1][:2]
        elif self.what == "reward":
            answer[1][1] = np.nan
        elif self.what == "observations":
            answer[0] = answer[0][:2]
        elif self.what == "observation":
            answer[0] = np.where(np.arange(3)[:, None] == 2, np.nan, answer[0])
        elif self.what == "final":
            answer[4].pop("final_obs", None)
        elif self.what == "tuple":
            answer = answer[:4]
        elif self.what == "step":
            raise OSError("no power")
        return tuple(answer)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("mode", "env: .*'autoreset_mode' a gymnasium.vector.AutoresetMode, got None"),
        ("rewards", r"env: expected rewards of shape \(3,\) from step"),
        ("reward", r"env: expected a finite reward, got nan \(episode 1, step 0\)"),
        ("observations", "env: expected observations of 3 sub-environments"),
        ("observation", r"env: expected finite obs.*NaN.*\(episode 2, step 0\)"),
        ("tuple", "env: expected a tuple of 5 from step"),
        (
            "step",
            r"OSError.*\(episode 0, step 0\), or in one of 2 that go on beside it",
        ),
    ],
)
def test_errors_say_what_is_wrong(what, message):
    with pytest.raises(ValueError, match=message):
        collect_rollouts(lambda: Broken(what), expert, n_episodes=3, random_state=0)


class FailsOnce(LengthsEnv):
    """Does not come up at its third reset, and would at the next one."""

    def __init__(self):
        super().__init__()
        self.n_resets = 0

    def reset(self, **options):
        self.n_resets += 1
        if self.n_resets == 3:
            raise OSError("no power")
        return super().reset(**options)


@modes
def test_a_reset_that_fails_is_not_done_again_with_other_seeds(mode):
    make = partial(SyncVectorEnv, [FailsOnce, LengthsEnv], autoreset_mode=mode)
    with pytest.raises(EpisodeError, match=r"env: raised OSError\('no power'\)"):
        collect_rollouts(make, expert, n_episodes=4, random_state=0)


def test_no_last_observation():
    env = Broken("final", AutoresetMode.SAME_STEP)
    with pytest.raises(EpisodeError, match="expected the last observation as 'final_"):
        collect_rollouts(env, expert, random_state=0)


def test_errors_of_who_acts_name_the_episode():
    def at_odds(observations):
        actions = expert(observations)
        actions[len(actions) - 1] = np.nan
        return actions

    with pytest.raises(EpisodeError, match="policy: expected finite actions") as error:
        collect_rollouts(made_by(), at_odds, random_state=0)
    assert (error.value.episode, error.value.step) == (2, 0)

    def wrong(observations):
        return np.zeros((len(observations), 3))

    with pytest.raises(
        EpisodeError, match=r"shape \(3, 2\) for a batch of 3 .*\(3, 3\)"
    ):
        collect_rollouts(made_by(), wrong, random_state=0)
    dagger = DAggerRegressor(LinearRegression(), made_by(), at_odds, random_state=0)
    with pytest.raises(EpisodeError, match="expert: expected finite actions") as error:
        dagger.set_params(n_episodes_per_round=3).fit()
    assert (error.value.round, error.value.episode) == (0, 2)


def test_a_live_one_is_not_shared_and_not_closed():
    env = vector()
    with pytest.raises(ValueError, match="got a live environment"):
        evaluate_policy(env, expert, n_jobs=2)
    evaluate_policy(env, expert, n_episodes=2)
    assert not env.closed
    env.close()
    with pytest.raises(ValueError, match="expected an open vector environment"):
        evaluate_policy(env, expert)


def test_workers_would_repeat_what_has_a_seed_of_its_own():
    with pytest.raises(ValueError, match="n_jobs: expected 1 with a vector env"):
        evaluate_policy(pool, lean, n_jobs=2)


def test_environments_that_were_made_are_closed(monkeypatch):
    closed = []
    monkeypatch.setattr(
        SyncVectorEnv, "close_extras", lambda env, **_: closed.append(1)
    )
    evaluate_policy(made_by(), expert, n_episodes=2)
    with pytest.raises(EpisodeError):
        evaluate_policy(made_by(partial(PointEnv, fail_at=1)), expert, n_episodes=2)
    assert len(closed) == 2
