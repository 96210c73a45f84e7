"""DAggerRegressor: each rule of the algorithm, and each way to misuse it."""

import copy
import pickle
import re
import subprocess
import sys
from functools import partial

import gymnasium
import joblib
import numpy as np
import pandas as pd
import pytest
from cases import quick_first
from gymnasium.spaces import Box, Dict, Discrete, Text
from numpy.testing import assert_allclose, assert_array_equal
from runs import SilentCallback
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import (
    LIMIT,
    Fading,
    IncrementalRecorder,
    PointEnv,
    QuickLine,
    Recorder,
    SpacesEnv,
    expert,
    logged,
)

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    RunningNormalizer,
    collect_rollouts,
    evaluate_policy,
    load_expert,
)
from skimitate.studies._network import NETWORKS

pytestmark = pytest.mark.usefixtures("empty_logs")


def point_dagger(learner=None, **options):
    options = {"n_rounds": 3, "n_eval_episodes": 2, "random_state": 0} | options
    options = {"env": PointEnv, "expert": expert} | options
    return DAggerRegressor(QuickLine() if learner is None else learner, **options)


def test_labels_are_the_experts_own_unclipped_actions_before_the_step():
    point_dagger(Recorder(), n_rounds=4).fit()
    _, X, y = Recorder.log[-1]
    assert len(X) == 5 * 5
    assert_array_equal(y, expert(X))
    assert np.abs(y).max() > LIMIT
    # Each observation is the one that the environment was in when it was stepped.
    positions = np.array([position for position, _ in logged("step")])
    assert_array_equal(X[:5], positions[:5])
    assert_array_equal(X, positions[: len(X)])


def test_only_what_is_executed_is_clipped_and_cast():
    point_dagger().fit()
    executed = [action for _, action in logged("step")]
    assert all(action.dtype == np.float32 for action in executed)
    assert np.abs(executed).max() == np.float32(LIMIT)


def test_the_expert_sees_raw_observations_whatever_the_learner_does():
    seen = []

    def watching(observations):
        seen.append(observations.copy())
        return expert(observations)

    learner = make_pipeline(RunningNormalizer(), LinearRegression())
    point_dagger(learner, expert=watching, keep="last").fit()
    positions = [position for position, _ in logged("step")]
    # One call for each step that it drives, then one for each episode.
    assert [len(batch) for batch in seen] == [1] * 5 + [5] * 3
    assert_array_equal(np.concatenate(seen), positions[: 4 * 5])


def gentle(observations):
    """An expert whose actions need no clipping."""
    return -0.1 * observations


class Biased(QuickLine):
    """Tells its actions from the expert's by a shift."""

    def predict(self, X):
        return super().predict(X) + 1e-3

    def act(self, observations):
        return super().act(observations) + 1e-3


def share_of_expert(steps, expert=gentle):
    """The part of the logged steps that the expert drove."""
    positions, actions = (np.array(a) for a in zip(*steps, strict=True))
    clipped = np.clip(expert(positions), -LIMIT, LIMIT).astype(np.float32)
    return np.mean((actions == clipped).all(axis=1))


@pytest.mark.filterwarnings("ignore:beta never reaches 0")
@pytest.mark.parametrize(
    "beta",
    [
        None,
        0.5,
        lambda i: 0.5**i,
        pytest.param(0.0, marks=pytest.mark.slow),
        pytest.param(1.0, marks=pytest.mark.slow),
    ],
    ids=["None", "float", "callable", "0", "1"],
)
def test_beta_is_the_probability_that_the_expert_drives_a_step(beta):
    dagger = point_dagger(
        Biased(),
        env=partial(PointEnv, 600),
        expert=gentle,
        keep="last",
        beta=beta,
        n_eval_episodes=1,
    ).fit()
    expected = [1.0] + [
        beta(i) if callable(beta) else (beta or 0.0) ** i for i in (1, 2, 3)
    ]
    assert [record["beta"] for record in dagger.history_] == expected
    steps = logged("step")
    shares = [share_of_expert(steps[i : i + 600]) for i in range(0, len(steps), 600)]
    assert_allclose(shares[:4], expected, atol=0.06)


@pytest.mark.filterwarnings("ignore:beta never reaches 0")
@pytest.mark.parametrize("keep", ["best", "last"])
def test_policies_that_never_drive_alone_are_evaluated_if_the_best_is_kept(keep):
    dagger = point_dagger(beta=1.0, keep=keep).fit()
    measured = [record["n_eval_episodes"] for record in dagger.history_]
    assert measured == ([2, 2, 2, 2] if keep == "best" else [0, 0, 0, 2])
    unknown = [np.isnan(record["mean_return"]) for record in dagger.history_]
    assert unknown == [n == 0 for n in measured]


def test_a_callable_beta_that_never_reaches_0_is_warned_of():
    message = r"beta never reaches 0 over the 3 rounds"
    for half in ("fit", "ask"):
        dagger = point_dagger(beta=lambda i: 0.9**i)
        with pytest.warns(UserWarning, match=message) as caught:
            getattr(dagger, half)()
        # It points at who called.
        assert [warning.filename for warning in caught] == [__file__]
    # No warning, which would be an error here:
    point_dagger(beta=lambda i: max(0.0, 1 - 0.5 * i)).fit()


def test_an_untrained_learner_never_drives():
    point_dagger(Recorder(), n_episodes_per_round=2).fit()
    # Recorder.predict raises before fit; what it is fitted to, the expert drove.
    kind, X, _ = Recorder.log[0]
    assert kind == "fit"
    assert len(X) == 2 * 5
    assert share_of_expert(logged("step")[:10], expert) == 1


def test_with_demonstrations_the_loop_starts_from_a_clone_of_them():
    X = np.random.default_rng(0).normal(size=(30, 2))
    dagger = point_dagger(Recorder()).fit(X, expert(X))
    kind, first_X, _ = Recorder.log[0]
    assert kind == "fit"
    assert_array_equal(first_X, X)
    assert [r["n_samples"] for r in dagger.history_] == [30, 35, 40, 45]
    assert [r["n_expert_queries"] for r in dagger.history_] == [0, 5, 10, 15]
    assert_array_equal(Recorder.log[-1][1][:30], X)


def test_incremental_learners_pass_over_the_whole_aggregate():
    point_dagger(IncrementalRecorder(), n_epochs_per_round=2).fit()
    kinds = [(kind, len(X)) for kind, X, _ in Recorder.log]
    passes = [("partial_fit", n) for n in (10, 10, 15, 15, 20, 20)]
    assert kinds == [("fit", 5), *passes]


@pytest.mark.parametrize("learner", [Recorder(), IncrementalRecorder()])
def test_other_learners_are_refitted(learner):
    point_dagger(learner, incremental=False).fit()
    assert [(kind, len(X)) for kind, X, _ in Recorder.log] == [
        ("fit", n) for n in (5, 10, 15, 20)
    ]


def test_truncated_episodes_are_labeled_to_their_end():
    dagger = point_dagger(env=partial(PointEnv, 7), n_episodes_per_round=3).fit()
    assert [r["n_samples"] for r in dagger.history_] == [21, 42, 63, 84]


@pytest.mark.parametrize(("keep", "kept"), [("best", 3), ("last", 8)])
def test_keep(keep, kept):
    dagger = point_dagger(Fading(3), n_rounds=8, n_epochs_per_round=1, keep=keep).fit()
    assert dagger.best_round_ == kept
    assert dagger.estimator_.n_fits_ == kept
    assert dagger.history_[kept]["n_eval_episodes"] == 2


def test_the_start_may_be_the_best():
    dagger = point_dagger(Fading(0), n_rounds=4, n_epochs_per_round=1).fit()
    assert dagger.best_round_ == 0
    assert dagger.estimator_.n_fits_ == 0


def test_evaluation_seeds_serve_nothing_else_and_are_the_same_for_all():
    point_dagger(Recorder(), n_rounds=3, n_eval_episodes=4).fit()
    seeds = [seed for (seed,) in logged("reset")]
    # The first one twice: to see whether the environment does as its seed says.
    assert seeds[0] == seeds.pop(1)
    collecting, evaluating = seeds[:4], seeds[4:]
    assert len(set(collecting)) == 4
    assert len(evaluating) % 4 == 0
    assert len(set(evaluating)) == 4
    assert not set(collecting) & set(evaluating)
    for i in range(0, len(evaluating), 4):
        assert evaluating[i : i + 4] == evaluating[:4]


def test_the_kept_round_has_the_best_return_on_the_evaluation_episodes():
    dagger = point_dagger(Fading(2), n_rounds=6, n_epochs_per_round=1).fit()
    evaluated = [r for r in dagger.history_ if r["n_eval_episodes"] == 2]
    best = max(evaluated, key=lambda r: r["mean_return"])
    assert best["round"] == dagger.best_round_ == 2
    rewards = [-np.abs(position + action).sum() for position, action in logged("step")]
    returns = np.reshape(rewards[-10:], (2, 5)).sum(axis=1)
    last = dagger.history_[-1]
    assert last["mean_return"] == pytest.approx(np.mean(returns))
    assert last["std_return"] == pytest.approx(np.std(returns))


@pytest.mark.parametrize("scaler", [RunningNormalizer, StandardScaler])
def test_a_learner_that_works_in_place_does_not_change_the_labels(scaler):
    learner = make_pipeline(scaler(copy=False), LinearRegression())
    dagger = point_dagger(learner).fit()
    assert max(record["loss"] for record in dagger.history_) < 1e-20


def test_an_expert_that_works_in_place_does_not_change_the_labels():
    def careless(observations):
        actions = expert(observations)
        observations /= 10
        return actions

    point_dagger(Recorder(), expert=careless).fit()
    _, X, y = Recorder.log[-1]
    assert_array_equal(y, expert(X))


def test_an_expert_that_can_draw_is_asked_for_its_action():
    class Model:  # as of stable-baselines3
        def predict(self, observation, state=None, deterministic=False):
            # Drawn from where no seed reaches, as torch's global generator would be.
            noise = 0.0 if deterministic else np.random.rand()  # noqa: NPY002
            return expert(observation) + noise, state

    point_dagger(Recorder(), expert=Model()).fit()
    _, X, y = Recorder.log[-1]
    assert_array_equal(y, expert(X))


def test_the_normalizer_of_the_cloner_is_that_of_the_aggregate():
    learner = BehaviorCloner((5,), max_iter=1)
    dagger = point_dagger(learner, n_epochs_per_round=3, keep="last").fit()
    positions = np.array([position for position, _ in logged("step")[:20]])
    whole = RunningNormalizer().fit(positions)
    normalizer = dagger.estimator_.normalizer_
    assert normalizer.n_samples_seen_ == 20
    assert_allclose(normalizer.mean_, whole.mean_)
    assert_allclose(normalizer.var_, whole.var_)
    assert dagger.estimator_.n_iter_ == 1 + 3 * 3


def test_each_episode_is_mixed_by_a_draw_of_its_own():
    options = {"env": partial(PointEnv, 40), "n_episodes_per_round": 2, "keep": "last"}
    point_dagger(Biased(), expert=gentle, n_rounds=1, beta=0.5, **options).fit()
    steps = logged("step")
    drivers = [
        [share_of_expert([step]) for step in steps[i : i + 40]] for i in (80, 120)
    ]
    assert drivers[0] != drivers[1]


def test_history_records_each_round():
    dagger = point_dagger(n_rounds=2).fit()
    assert [r["round"] for r in dagger.history_] == [0, 1, 2]
    for record in dagger.history_:
        assert set(record) == {
            "round",
            "beta",
            "n_samples",
            "n_expert_queries",
            "loss",
            "training",
            "mean_return",
            "std_return",
            "n_eval_episodes",
            "evaluated",
            "seconds",
        }
        assert record["loss"] < 1e-20
        assert record["seconds"] > 0
        assert record["n_eval_episodes"] > 0


def test_loss_is_the_mean_squared_error_on_the_labels():
    dagger = point_dagger(Fading(1), n_rounds=1, n_epochs_per_round=1, keep="last")
    dagger.fit()
    X = np.array([position for position, _ in logged("step")[:10]])
    error = np.mean((-X - expert(X)) ** 2)
    assert dagger.history_[1]["loss"] == pytest.approx(error)


def hopper(n_steps):
    return partial(gymnasium.make, "Hopper-v5", max_episode_steps=n_steps)


LEARNERS = {
    "cloner": BehaviorCloner((20,), max_iter=3),
    "pipeline": make_pipeline(
        RunningNormalizer(), BehaviorCloner(max_iter=3, normalize=False)
    ),
    "boosting": MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=5)),
    "forest": RandomForestRegressor(n_estimators=5),
}


@pytest.mark.parametrize("name", quick_first(LEARNERS, "cloner", "pipeline"))
def test_any_regressor_learns_in_a_real_environment(name):
    dagger = DAggerRegressor(
        LEARNERS[name],
        env=hopper(40),
        expert=load_expert("Hopper-v5"),
        n_rounds=3,
        n_epochs_per_round=2,
        n_eval_episodes=1,
        random_state=0,
    ).fit()
    X = np.random.default_rng(0).normal(size=(4, 11))
    assert dagger.predict(X).shape == (4, 3)
    assert_allclose(dagger.act(X[0]), dagger.predict(X[:1])[0], rtol=1e-9)
    assert dagger.history_[-1]["n_samples"] > 40
    assert isinstance(dagger.estimator_, type(LEARNERS[name]))
    assert not hasattr(LEARNERS[name], "n_features_in_")


@pytest.mark.parametrize("name", quick_first(LEARNERS, "cloner"))
def test_one_random_state_determines_everything_whatever_n_jobs(name):
    options = {
        "env": hopper(30),
        "expert": load_expert("Hopper-v5"),
        "n_rounds": 2,
        "n_episodes_per_round": 3,
        "n_epochs_per_round": 2,
        "n_eval_episodes": 2,
        "beta": lambda i: 0.5 if i == 1 else 0.0,
    }
    X = np.random.default_rng(0).normal(size=(20, 11))
    daggers = [
        DAggerRegressor(
            LEARNERS[name], n_jobs=n_jobs, random_state=seed, **options
        ).fit()
        for n_jobs, seed in ((1, 0), (2, 0), (None, 1))
    ]
    actions = [dagger.fit().predict(X) for dagger in daggers]
    assert_array_equal(actions[0], actions[1])
    assert not np.array_equal(actions[0], actions[2])
    for one, two in zip(daggers[0].history_, daggers[1].history_, strict=True):
        assert {**one, "seconds": 0} == {**two, "seconds": 0}


@pytest.mark.slow
def test_dagger_beats_cloning_where_cloning_fails():
    env, expert = "Hopper-v5", load_expert("Hopper-v5")
    demos = collect_rollouts(env, expert, n_episodes=1, random_state=0)
    network = NETWORKS["post"]  # the default clone does not fail here
    clone = network.cloner(0).fit(demos.observations, demos.actions)
    dagger = DAggerRegressor(
        network.learner().set_params(max_iter=20),
        env=env,
        expert=expert,
        n_rounds=8,
        n_epochs_per_round=10,
        n_eval_episodes=5,
        random_state=0,
    ).fit(demos.observations, demos.actions)
    returns = [
        evaluate_policy(env, policy, n_episodes=5, random_state=1).mean()
        for policy in (clone, dagger)
    ]
    assert returns[1] > 2 * returns[0]
    assert returns[1] > 3000


def test_without_env_and_expert_it_clones():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    y = X[:, :2]
    cloner = BehaviorCloner(max_iter=5, random_state=0)
    dagger = DAggerRegressor(cloner).fit(X, y)
    cloner.fit(X, y)
    assert_array_equal(dagger.predict(X), cloner.predict(X))
    assert [record["round"] for record in dagger.history_] == [0]
    assert dagger.best_round_ == 0
    few = DAggerRegressor().fit(X[:5], y[:5])
    assert isinstance(few.estimator_, BehaviorCloner)


@pytest.mark.parametrize(
    "learner",
    [LinearRegression(), BehaviorCloner(max_iter=2), MLPRegressor(max_iter=5)],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_one_action_dimension(learner):
    env = partial(gymnasium.make, "InvertedPendulum-v5", max_episode_steps=10)
    options = {"n_rounds": 2, "n_eval_episodes": 1, "n_epochs_per_round": 1}

    def pole_expert(observations):
        return observations @ np.array([[1.0], [10.0], [1.0], [1.0]])

    dagger = DAggerRegressor(learner, env, pole_expert, random_state=0, **options).fit()
    X = np.random.default_rng(0).normal(size=(6, 4))
    assert dagger.predict(X).shape == (6, 1)
    assert dagger.act(X[0]).shape == (1,)
    flat = clone(dagger).fit(X, pole_expert(X)[:, 0])
    assert flat.predict(X).shape == (6,)
    assert flat.act(X).shape == (6,)
    assert clone(dagger).fit(X, pole_expert(X)).predict(X).shape == (6, 1)


@pytest.mark.slow
def test_a_fitted_estimator_is_copied_and_saved(tmp_path):
    expert = load_expert("Hopper-v5")
    options = {"n_rounds": 1, "n_eval_episodes": 1, "n_epochs_per_round": 1}
    learner = BehaviorCloner(max_iter=2)
    dagger = DAggerRegressor(learner, hopper(20), expert, **options).fit()
    X = np.random.default_rng(0).normal(size=(5, 11))
    joblib.dump(dagger, tmp_path / "dagger.joblib")
    for other in (
        joblib.load(tmp_path / "dagger.joblib"),
        copy.deepcopy(dagger),
        pickle.loads(pickle.dumps(dagger)),
    ):
        assert_array_equal(other.predict(X), dagger.predict(X))
        assert other.history_ == dagger.history_
    np.save(tmp_path / "X.npy", X)
    script = (
        "import joblib, numpy as np\n"
        "dagger = joblib.load('dagger.joblib')\n"
        "np.save('y.npy', dagger.predict(np.load('X.npy')))\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    assert_array_equal(np.load(tmp_path / "y.npy"), dagger.predict(X))
    with pytest.raises(NotFittedError):
        clone(dagger).predict(X)
    assert not any(isinstance(v, gymnasium.Env) for v in vars(dagger).values())


def test_a_live_environment_is_lent_and_not_closed():
    env = PointEnv()
    try:
        point_dagger(env=env).fit()
        assert logged("closed") == []
        with pytest.raises(ValueError, match=r"env: expected .* got a live"):
            point_dagger(env=env, n_jobs=2).fit()
        # Of the first fit alone, whose first seed was tried twice.
        assert len(logged("reset")) == 1 + 4 + 4 * 2
    finally:
        env.close()


def test_it_nests_in_a_grid_search():
    X = np.random.default_rng(0).normal(size=(40, 2))
    grid = {"estimator__fit_intercept": [True, False], "n_rounds": [1, 2]}
    search = GridSearchCV(point_dagger(), grid, cv=2).fit(X, expert(X))
    assert search.best_score_ > 0.99


def test_feature_names_are_kept():
    X = pd.DataFrame(np.eye(2), columns=["x", "y"])
    dagger = point_dagger().fit(X, expert(X.to_numpy()))
    with pytest.raises(ValueError, match="feature names should match"):
        dagger.predict(X.rename(columns={"x": "z"}))
    dagger.fit()
    assert not hasattr(dagger, "feature_names_in_")


class StopAfterRounds(SilentCallback):
    def __init__(self, n):
        self.n = n
        self.scores = []

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        if context.task_name == "round":
            self.scores.append(fitted_estimator.score(X, y))
        return context.task_name == "round" and len(self.scores) == self.n


def test_callbacks_follow_rounds_and_may_stop():
    callback = StopAfterRounds(2)
    dagger = point_dagger(n_rounds=5).set_callbacks(callback).fit()
    assert len(dagger.history_) == 3
    assert_allclose(callback.scores, 1.0)


def test_verbose_prints_each_round_and_ends_with_what_is_kept(capsys):
    dagger = point_dagger(n_rounds=2, n_eval_episodes=3, verbose=True).fit()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    numbers = "[0-9]+ samples, loss = [^ ]+"
    one = r"-[0-9.]+ \(one episode\)"
    assert re.fullmatch(f"Round 0: {numbers}", lines[0])
    assert re.fullmatch(f"Round 1: {numbers}, return of round 0: {one}", lines[1])
    assert re.fullmatch(f"Round 2: {numbers}, return of round 1: {one}", lines[2])
    last, kept = dagger.history_[-1], dagger.history_[dagger.best_round_]
    assert lines[3] == f"Return of round 2: {last['mean_return']:.1f} (mean of 3)"
    assert lines[4] == (
        f"Evaluated 3 rounds in 3 episodes each; kept round {kept['round']}: "
        f"return {kept['mean_return']:.1f}"
    )


def test_verbose_tells_a_mean_from_an_episode(capsys):
    options = {"n_rounds": 1, "n_eval_episodes": 1, "verbose": True}
    point_dagger(keep="last", n_episodes_per_round=4, **options).fit()
    *_, round_1, last, kept = capsys.readouterr().out.splitlines()
    assert re.search(r"return of round 0: -[0-9.]+ \(mean of 4\)$", round_1)
    assert re.fullmatch(r"Return of round 1: -[0-9.]+ \(one episode\)", last)
    assert kept == "Kept round 1, the last"


def test_verbose_says_nothing_of_returns_that_were_not_measured(capsys):
    options = {"n_rounds": 2, "n_eval_episodes": 1, "verbose": True}
    point_dagger(keep="last", beta=0.5, **options).fit()
    printed = capsys.readouterr().out
    assert "nan" not in printed
    assert "return of round" not in printed


def test_verbose_of_a_clone_alone_has_no_return(capsys):
    X = np.arange(8.0).reshape(4, 2)
    DAggerRegressor(Recorder(), verbose=True).fit(X, X)
    (line,) = capsys.readouterr().out.splitlines()
    assert re.fullmatch("Round 0: 4 samples, loss = [^ ]+", line)


BOX = Box(-1, 1, (2,))
X, Y = np.zeros((5, 2)), np.zeros((5, 2))


@pytest.mark.parametrize(
    ("options", "data", "error", "message"),
    [
        ({"n_rounds": 0}, (), ValueError, "'n_rounds' parameter .* Got 0"),
        ({"beta": 1.5}, (), ValueError, "'beta' parameter .* Got 1.5"),
        ({"beta": lambda i: 2.0}, (), ValueError, "beta: .* got 2.0 for round 1"),
        ({"keep": "all"}, (), ValueError, "'keep' parameter .* Got 'all'"),
        ({"estimator": 3}, (), ValueError, "'estimator' parameter .* Got 3"),
        ({"expert": None}, (), ValueError, "expert: expected one because env is given"),
        ({"env": None}, (), ValueError, "env: expected one because expert is given"),
        ({"env": None, "expert": None}, (), ValueError, "requires y to be passed"),
        ({"expert": 7}, (), TypeError, "expert: expected a callable .* got 7"),
        ({"env": 7}, (), TypeError, "env: expected an environment id.* got 7"),
        ({"env": dict}, (), TypeError, "env: expected a callable that makes .* got {}"),
        ({"env": "Hoper-v5"}, (), ValueError, "env: cannot make 'Hoper-v5'"),
        ({"env": "Hopper-v77"}, (), ValueError, "env: cannot make 'Hopper-v77'"),
        (
            {"env": partial(SpacesEnv, Dict({"a": Text(3)}), BOX)},
            (),
            ValueError,
            r"env: expected an observation space of as many numbers .* got Text\(.*'a'",
        ),
        (
            {"env": partial(SpacesEnv, BOX, Discrete(3))},
            (),
            ValueError,
            r"env: expected a Box action space, got .* Discrete\(3\): DAggerClassifier",
        ),
        (
            {},
            (X[:, :1], Y),
            ValueError,
            "env: expected 1 obs.* and 2 act.* got 2 and",
        ),
        (
            {},
            (X, Y[:, 0]),
            ValueError,
            "env: expected 2 .* and 1 act.* got 2 and 2",
        ),
        ({}, (X, None), ValueError, "requires y to be passed"),
        ({}, (None, Y), ValueError, "X: expected the observations that belong to y"),
        ({}, (X + np.nan, Y), ValueError, "Input X contains NaN"),
        ({}, (X, Y + np.inf), ValueError, "Input y contains infinity"),
        ({}, (X[:0], Y[:0]), ValueError, "X: Found array with 0 sample"),
        ({}, (X.astype(str), Y), ValueError, "X: .*bytes/strings"),
    ],
)
def test_bad_input(options, data, error, message):
    dagger = point_dagger().set_params(**options)
    with pytest.raises(error, match=message):
        dagger.fit(*data)
