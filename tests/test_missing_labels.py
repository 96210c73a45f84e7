"""Experts that have no answer to some of the states."""

from functools import partial

import numpy as np
import pytest
import runs
from numpy.testing import assert_array_equal
from runs import numbers
from toy import PointEnv, QuickRidge, Recorder, StatefulExpert, expert, logged

from skimitate import DAggerRegressor, per_observation

pytestmark = pytest.mark.usefixtures("empty_logs")


def demonstrations():
    return runs.demonstrations(expert=expert)


def dagger(expert, learner=None, **options):
    options = {"n_rounds": 2, "n_eval_episodes": 1, "keep": "last"} | options
    learner = Recorder() if learner is None else learner
    env = partial(PointEnv, 10)
    return DAggerRegressor(learner, env, expert, random_state=0, **options)


def is_known(observations):
    """Tell which states somebody knows what to do in: half of the plane."""
    return observations[:, 0] > observations[:, 1]


def rows(observations):
    actions = expert(observations)
    return [
        a if k else None for a, k in zip(actions, is_known(observations), strict=True)
    ]


def objects(observations):
    answer = np.empty(len(observations), dtype=object)
    answer[:] = rows(observations)
    return answer


def nan_rows(observations):
    return np.where(is_known(observations)[:, np.newaxis], expert(observations), np.nan)


nan_rows.allow_missing = True


class Absent:
    """A person at a screen, who says so by NaN."""

    allow_missing = True

    def act(self, observations):
        return nan_rows(observations).tolist()


def one(observation):
    return rows(observation[np.newaxis])[0]


def one_nan(observation):
    return nan_rows(observation[np.newaxis])[0]


one_nan.allow_missing = True


beside = per_observation(lambda observation: nan_rows(observation[np.newaxis])[0])
beside.allow_missing = True


KINDS = {
    "list": rows,
    "objects": objects,
    "nan": nan_rows,
    "object": Absent(),
    "one": per_observation(one),
    "one nan": per_observation(one_nan),
    "beside": beside,
}


@pytest.mark.parametrize("query", ["all", 6])
@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_answer_is_asked_about_and_not_learnt(kind, query):
    X, y = demonstrations()
    model = dagger(KINDS[kind], query=query).fit(X, y)
    n = 10 if query == "all" else 6
    assert numbers(model, "n_expert_queries") == [0, n, 2 * n]
    _, X_seen, y_seen = Recorder.log[-1]
    assert_array_equal(y_seen, expert(X_seen))
    assert is_known(X_seen[12:]).all()
    # The paths are those of linear learners, into the origin on one side or the other.
    states = np.array([position for position, _ in logged("step")[:20]])
    if query == "all":
        known = np.flatnonzero(is_known(states))
        assert 0 < len(known) < 20
        assert_array_equal(X_seen[12:], states[known])
    assert numbers(model, "n_samples")[-1] == len(X_seen)


def test_none_for_all_of_an_episode_is_no_label_of_it():
    asked = []

    def sometimes(observations):
        asked.append(len(observations))
        return None if len(asked) % 2 else expert(observations)

    model = dagger(sometimes, n_episodes_per_round=2, query=4).fit(*demonstrations())
    assert asked == [4] * 4
    assert numbers(model, "n_samples") == [12, 16, 20]
    assert numbers(model, "n_expert_queries") == [0, 8, 16]


@pytest.mark.parametrize(
    "answer",
    [
        lambda seen: None,
        lambda seen: [None] * len(seen),
        per_observation(lambda seen: None),
        KINDS["nan"],
    ],
)
def test_no_answer_at_all_is_an_error_and_nothing_is_lost(answer):
    X, y = demonstrations()

    class Fed:
        """One that has had enough after a round."""

        allow_missing = True
        n_asked = 0

        def __call__(self, observations):
            self.n_asked += 1
            if self.n_asked == 1:
                return expert(observations)
            if answer is nan_rows:
                return np.full((len(observations), 2), np.nan)
            return answer(observations)

    model = dagger(Fed(), QuickRidge(), query=4)
    with pytest.raises(
        ValueError,
        match=r"^expert: .* at least one action for the 4 states .* round 2, got none",
    ):
        model.fit(X, y)
    assert not hasattr(model, "history_")
    asked = model.ask()
    assert len(asked.ids) == 4
    model.tell(asked.ids, expert(asked.observations))
    whole = dagger(expert, QuickRidge(), query=4).fit(X, y)
    assert_array_equal(model.predict(X), whole.predict(X))
    assert numbers(model, "n_samples") == numbers(whole, "n_samples")


def partly(observations):
    answer = expert(observations)
    answer[-1, 1] = np.nan
    return answer


partly.allow_missing = True


def unannounced(observations):
    return nan_rows(observations)


def refused(observations):
    return nan_rows(observations)


refused.allow_missing = False


@pytest.mark.parametrize("answer", [partly, unannounced, refused])
@pytest.mark.parametrize("wrapped", [False, True])
def test_nan_that_is_not_announced_is_an_error(answer, wrapped):
    if wrapped:
        actor = per_observation(lambda seen: answer(seen[np.newaxis])[0])
        actor.fn.allow_missing = getattr(answer, "allow_missing", False)
    else:
        actor = answer
    model = dagger(actor, QuickRidge())
    message = (
        r"^expert: expected finite actions, got .*nan\] for row \d+ \(None in its "
        r"place is no label\).*\(round 1, episode 0\)"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(*demonstrations())
    assert model.finish().best_round_ == 0


@pytest.mark.parametrize(
    "answer",
    [
        lambda seen: [None] * (len(seen) - 1),
        lambda seen: [None, *expert(seen)],
        lambda seen: [None, *expert(seen)[1:, :1]],
        lambda seen: [np.inf + expert(seen)[0], *[None] * (len(seen) - 1)],
    ],
    ids=["few", "many", "narrow", "inf"],
)
def test_other_bad_answers_are_errors_among_missing_ones_too(answer):
    with pytest.raises(ValueError, match=r"^expert: expected .*round 1, episode 0\)"):
        dagger(answer, QuickRidge()).fit(*demonstrations())


@pytest.mark.parametrize("kind", KINDS)
def test_who_should_drive_and_cannot_lets_the_learner(kind):
    X, y = demonstrations()
    model = dagger(
        KINDS[kind], query=3, beta=lambda i: 1.0 if i == 1 else 0.0, n_rounds=2
    ).fit(X, y)
    states = np.array([position for position, _ in logged("step")[:10]])
    n_driven = int(is_known(states).sum())
    assert 0 < n_driven < 10
    # It was asked about each step; of those that it could not tell some were chosen,
    # and are not asked about again.
    assert numbers(model, "n_expert_queries")[1] == 10
    assert numbers(model, "n_samples")[1] == 12 + n_driven
    actions = np.array([action for _, action in logged("step")[:10]])
    expected = np.clip(expert(states), -0.5, 0.5)
    np.testing.assert_allclose(actions, expected, atol=1e-6)  # both know the way


@pytest.mark.parametrize("answer", [lambda seen: None, lambda seen: [None] * len(seen)])
def test_demonstrations_need_somebody_who_drives(answer):
    message = r"^expert: expected an action where it drives, .* \(round 0, episode 0,"
    with pytest.raises(ValueError, match=message):
        dagger(answer).fit()


def test_one_with_a_memory_may_have_no_answer():
    class Blinking(StatefulExpert):
        def __call__(self, observations):
            answer = super().__call__(observations)
            return answer if self.t % 2 else None

    blinking = Blinking()
    model = dagger(blinking, n_episodes_per_round=2).fit(*demonstrations())
    assert numbers(model, "n_expert_queries") == [0, 20, 40]
    assert numbers(model, "n_samples") == [12, 22, 32]
    assert len(blinking.asked) == 40


def test_the_episode_of_a_label_is_known_where_others_are_missing():
    """A learner of episodes is told those of the labels that there are."""
    from test_dagger_groups import Told

    Told.log.clear()
    X, y = demonstrations()
    dagger(rows, Told(), n_episodes_per_round=2).fit(X, y, groups=np.zeros(12))
    states = np.array([position for position, _ in logged("step")[:40]])
    counts = is_known(states).reshape(4, 10).sum(axis=1)
    expected = np.repeat(np.arange(5), [12, *counts])
    assert_array_equal(Told.log[-1], expected)
