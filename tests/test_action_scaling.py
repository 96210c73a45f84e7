"""Actions of very different sizes: one unit for all of them, or one for each."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from cases import quick_first
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import PointEnv

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    collect_rollouts,
    load_demonstrations,
    load_expert,
)

SIZES = np.array([100.0, 1e-3])


@pytest.fixture(scope="module")
def data():
    """A valve between -100 and 100, and a needle that moves by a thousandth."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    return X, SIZES * np.tanh(X[:, :2] - X[:, 2:])


def individual(**options):
    options = {"max_iter": 30, "random_state": 0} | options
    return BehaviorCloner(action_scaling="individual", **options)


def common(**options):
    return BehaviorCloner(**{"max_iter": 2, "random_state": 0} | options)


def each(cloner, X, y):
    return r2_score(y, cloner.predict(X), multioutput="raw_values")


@pytest.mark.parametrize(
    "backend", ["compiled", pytest.param("torch", marks=pytest.mark.slow)]
)
def test_a_small_action_is_learnt_as_well_as_a_large_one(data, backend):
    X, y = data
    options = {"backend": backend, "batch_size": 100, "learning_rate_init": 0.01}
    assert each(individual(**options).fit(X, y), X, y).min() > 0.98
    with pytest.warns(UserWarning, match="action_scaling='individual'"):
        neglecting = common(max_iter=30, **options).fit(X, y)
    large, small = each(neglecting, X, y)
    assert large > 0.98
    assert small < 0


@pytest.mark.parametrize("env", ["HalfCheetah-v5", "Hopper-v5", "Reacher-v5"])
def test_it_is_what_a_transformed_target_gives(env):
    X, y = load_demonstrations(env, return_X_y=True)
    X, y = X[:1500], y[:1500] * np.logspace(0, -4, y.shape[1])
    options = {"max_iter": 10, "random_state": 0}
    around = TransformedTargetRegressor(
        BehaviorCloner(**options), transformer=StandardScaler()
    ).fit(X, y)
    inside = individual(**options).fit(X, y)
    assert_allclose(
        inside.predict(X) / y.std(axis=0), around.predict(X) / y.std(axis=0), atol=0.01
    )
    losses = around.regressor_.loss_curve_
    assert_allclose(inside.loss_curve_, losses, rtol=1e-3)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_the_units_of_the_actions_do_not_matter(data, alpha):
    X, y = data
    cloner = individual(max_iter=5, alpha=alpha).fit(X, y)
    other = individual(max_iter=5, alpha=alpha).fit(X, y / SIZES + 3)
    assert_allclose(other.predict(X) - 3, cloner.predict(X) / SIZES, atol=2e-3)
    assert_allclose(other.loss_curve_, cloner.loss_curve_, rtol=1e-3)


def test_the_loss_counts_in_standard_deviations(data):
    X, y = data
    loss = individual(max_iter=1, alpha=0.0, batch_size=600).fit(X, y).loss_curve_[0]
    start = individual(max_iter=1, learning_rate_init=1e-30).fit(X, y)
    errors = (start.predict(X) - y) / y.std(axis=0)
    assert_allclose(loss, np.mean(errors**2), rtol=1e-5)


@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_another_scaling_keeps_the_function_that_was_learnt(data, backend):
    X, y = data
    options = {"ema_decay": None, "warm_start": True, "backend": backend}
    cloner = individual(max_iter=5, batch_size=100, **options).fit(X, y)
    before = cloner.predict(X)
    cloner.set_params(learning_rate_init=1e-30, max_iter=1)
    for scaling in ("common", "individual"):
        cloner.set_params(action_scaling=scaling).fit(X, y)
        assert_allclose(cloner.predict(X) / SIZES, before / SIZES, atol=1e-4)
    cloner.partial_fit(X, 3 * y + 1).continue_fit(X, y)
    assert_allclose(cloner.predict(X) / SIZES, before / SIZES, atol=1e-4)


def test_it_streams_continues_and_is_saved(data):
    X, y = data
    cloner = individual()
    for rows in np.array_split(np.arange(600), 4):
        cloner.partial_fit(X[rows], y[rows])
    assert_allclose(cloner.action_scale_, y.std(axis=0))
    cloner.continue_fit(X, y, n_epochs=60)
    assert each(cloner, X, y).min() > 0.98
    again = pickle.loads(pickle.dumps(cloner))
    for other in (copy.deepcopy(cloner), again):
        assert_array_equal(other.predict(X), cloner.predict(X))
    assert_array_equal(
        again.partial_fit(X, y).predict(X), cloner.partial_fit(X, y).predict(X)
    )


def test_early_stopping_keeps_the_best_of_both(data):
    X, y = data
    cloner = individual(early_stopping=True, max_iter=60).fit(X, y)
    assert cloner.best_validation_score_ == max(cloner.validation_scores_) > 0.95


def test_a_search_chooses_what_learns_both(data):
    grid = {"action_scaling": ["common", "individual"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        search = GridSearchCV(individual(max_iter=5), grid, cv=2).fit(*data)
    assert search.best_params_ == {"action_scaling": "individual"}


def test_constant_actions_stay_where_they_are(data):
    X, y = data
    still = np.tile([0.1, 1e6, 0.0], (600, 1))
    cloner = individual().fit(X, np.column_stack([y, still]))
    predicted = cloner.predict(X)
    assert r2_score(y, predicted[:, :2], multioutput="raw_values").min() > 0.98
    assert_allclose(predicted[:, 2:], still, rtol=1e-6, atol=1e-6)
    assert_allclose(individual().fit(X, still).predict(X), still, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("idle", [[0, 1], [1]])
def test_a_stream_in_which_actions_are_idle_at_first(data, idle):
    X, y = data
    cloner = individual()
    first = y[:100].copy()
    first[:, idle] = 1e-3
    cloner.partial_fit(X[:100], first)
    for _ in range(50):
        cloner.partial_fit(X, y)
    assert each(cloner, X, y).min() > 0.95


def test_without_normalization_it_is_refused(data):
    X, y = data
    message = "action_scaling: expected 'common' with normalize=False.*got 'individual'"
    with pytest.raises(ValueError, match=message):
        individual(normalize=False).fit(X, y)
    cloner = individual(max_iter=1).fit(X, y)
    before = cloner.predict(X)
    with pytest.raises(ValueError, match=message):
        cloner.set_params(normalize=False).partial_fit(X, y)
    assert_array_equal(cloner.predict(X), before)
    with pytest.raises(ValueError, match=r"'action_scaling' parameter.*'each'"):
        BehaviorCloner(action_scaling="each").fit(X, y)


def warned(function, *arguments, **options):
    """What a call warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments, **options)
    return caught


@pytest.mark.parametrize("around", ["nothing", "pipeline", "search"])
def test_the_warning_says_where_and_what_to_do(data, around):
    X, y = data
    model = {
        "nothing": common(),
        "pipeline": make_pipeline(StandardScaler(), common()),
        "search": GridSearchCV(common(), {}, cv=2),
    }[around]
    first, *_ = warned(model.fit, X, y)
    assert first.category is UserWarning
    assert first.filename == __file__
    text = str(first.message)
    for part in ("y: ", "in column 0", "in column 1", "action_scaling='individual'"):
        assert part in text


def test_it_warns_once_however_long_training_goes_on(data):
    X, y = data
    cloner = common(warm_start=True)
    assert len(warned(cloner.fit, X, y)) == 1
    for go_on in (cloner.fit, cloner.partial_fit, cloner.continue_fit):
        assert not warned(go_on, X, y)
    again = pickle.loads(pickle.dumps(cloner))
    assert not warned(again.partial_fit, X, y)
    # A new training is another matter.
    assert len(warned(cloner.set_params(warm_start=False).fit, X, y)) == 1
    late = common()
    assert not warned(late.partial_fit, X[:1], y[:1])
    assert len(warned(late.partial_fit, X, y)) == 1
    assert not warned(late.partial_fit, X, y)


@pytest.mark.parametrize("incremental", [False, True])
def test_dagger_warns_once(incremental):
    dagger = DAggerRegressor(
        common(max_iter=5),
        env=PointEnv,
        expert=lambda observations: observations * [-3, -1e-3],
        n_rounds=3,
        n_epochs_per_round=1,
        n_eval_episodes=1,
        incremental=incremental,
        random_state=0,
    )
    for _ in range(2):
        (caught,) = warned(dagger.fit)
        assert caught.filename == __file__


def test_no_warning_where_there_is_nothing_to_say(data):
    X, y = data
    still = np.column_stack([y[:, 0], np.full(600, 1e-3), y[:, 0] / 8])
    around = TransformedTargetRegressor(common(), transformer=StandardScaler())
    for model, actions in (
        (individual(max_iter=1), y),
        (around, y),
        (common(), y[:, :1]),
        (common(), y[:, 1]),
        (common(), still),
        (common(), np.zeros((600, 2))),
        (common(normalize=False), y / SIZES),
    ):
        assert not warned(model.fit, X, actions)


ENVS = ["Ant", "HalfCheetah", "Hopper", "Humanoid", "Reacher", "Walker2d"]


@pytest.mark.parametrize("env", quick_first(ENVS, "Hopper", "HalfCheetah", "Reacher"))
def test_the_bundled_experts_draw_no_warning(env):
    env = f"{env}-v5"
    expert = load_expert(env)
    demos = collect_rollouts(env, expert, n_episodes=3, max_steps=100, random_state=0)
    assert not warned(common(max_iter=1).fit, demos.observations, demos.actions)


def test_actions_that_are_not_standardized_draw_the_warning_too(data):
    X, y = data
    with pytest.warns(UserWarning, match="normalize=True with action_scaling='indiv"):
        common(normalize=False).fit(X, y)
