"""Observations of any space: rows of numbers, as Gymnasium's own flatten has them."""

import pickle
from dataclasses import replace
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, unflatten
from gymnasium.wrappers import (
    FilterObservation,
    FlattenObservation,
    TransformObservation,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.linear_model import LinearRegression

from skimitate import (
    DAggerRegressor,
    Rollouts,
    collect_rollouts,
    evaluate_policy,
    per_observation,
)
from skimitate.environments._make import env_widths
from skimitate.environments._observations import Observations
from skimitate.policies._actions import StepError

shapes = st.lists(st.integers(1, 3), max_size=3).map(tuple)
keys = st.text("abc", min_size=1, max_size=3)
starts = st.integers(-3, 3)


def several(shape):
    size = int(np.prod(shape))
    n = st.lists(st.integers(1, 4), min_size=size, max_size=size)
    start = st.lists(starts, min_size=size, max_size=size)
    return st.builds(
        lambda n, s: MultiDiscrete(np.reshape(n, shape), start=np.reshape(s, shape)),
        n,
        start,
    )


def bits(shape):
    return st.just(MultiBinary(shape))


leaves = st.one_of(
    st.builds(
        lambda shape, dtype: Box(-3, 3, shape, dtype),
        shapes,
        st.sampled_from([np.float32, np.float64, np.int64, np.int8]),
    ),
    st.builds(lambda n, start: Discrete(n, start=start), st.integers(1, 5), starts),
    shapes.filter(len).flatmap(several),
    shapes.filter(len).flatmap(bits),
)
nested = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(spaces.Tuple),
        st.dictionaries(keys, parts, min_size=1, max_size=3).map(spaces.Dict),
    ),
    max_leaves=5,
)


@settings(max_examples=25)
@given(nested, st.integers(0, 1000))
def test_rows_are_those_of_gymnasium_s_flatten(space, seed):
    space.seed(seed)
    shown = space.sample()
    observations = Observations(space)
    row = observations.observed(shown)
    expected = spaces.flatten(space, shown)
    assert_array_equal(row, expected)
    is_float = expected.dtype.kind == "f"
    assert row.dtype == (expected.dtype if is_float else np.float64)
    assert observations.n_features == spaces.flatdim(space)
    back = spaces.unflatten(space, row)
    assert_array_equal(spaces.flatten(space, back), expected)
    again = pickle.loads(pickle.dumps(observations))
    assert_array_equal(again.observed(shown), row)


@settings(max_examples=25)
@given(nested)
def test_each_column_has_a_name_of_its_own(space):
    names = Observations(space).feature_names
    if isinstance(space, Box) and len(space.shape) == 1:
        assert names is None
        return
    assert len(names) == spaces.flatdim(space)
    assert len(set(names)) == len(names)


def test_names_tell_where_a_column_came_from():
    arm = spaces.Dict(pose=spaces.Tuple([Box(-1, 1, ()), Box(-1, 1, (1, 2))]))
    space = spaces.Dict(
        arm=arm,
        goal=Box(-1, 1, (2,)),
        mode=Discrete(2, start=3),
        switches=MultiBinary(2),
        wheels=MultiDiscrete([2, 1], start=[0, 5]),
    )
    assert Observations(space).feature_names == (
        *("arm.pose[0]", "arm.pose[1][0,0]", "arm.pose[1][0,1]"),
        *("goal[0]", "goal[1]"),
        *("mode=3", "mode=4"),
        *("switches[0]", "switches[1]"),
        *("wheels[0]=0", "wheels[0]=1", "wheels[1]=5"),
    )


@pytest.mark.parametrize(
    ("space", "names"),
    [
        (Discrete(2), ["observation=0", "observation=1"]),
        (Box(-1, 1, (1, 2)), ["observation[0,0]", "observation[0,1]"]),
        (Box(-1, 1, ()), ["observation"]),
        (
            spaces.Tuple([Box(-1, 1, (1,)), Discrete(1)]),
            ["observation[0][0]", "observation[1]=0"],
        ),
    ],
)
def test_what_has_no_key_is_called_observation(space, names):
    assert Observations(space).feature_names == tuple(names)


@settings(max_examples=25)
@given(nested)
def test_a_name_tells_which_number_it_is(space):
    """Changing what a column came from changes the columns that name it alone."""
    observations = Observations(space)
    if observations.feature_names is None:
        return
    space.seed(0)
    rows = np.array([observations.observed(space.sample()) for _ in range(2)])
    parts = [spaces.unflatten(space, row) for row in rows]
    changed = np.flatnonzero(rows[0] != rows[1])
    for column in changed:
        told = observations.feature_names[column].partition("=")
        values = [_looked_up(part, told[0]) for part in parts]
        assert values[0] != values[1]
        if told[1]:
            assert int(told[2]) in values


def _looked_up(observation, name):
    """Read a name as Python would, with dots for keys."""
    path = name.removeprefix("observation") if "observation" in name else f".{name}"
    while path:
        if path[0] == ".":
            key = path[1:].partition(".")[0].partition("[")[0]
            path = path[1 + len(key) :]
            observation = observation[key]
        else:
            inside, _, path = path[1:].partition("]")
            index = tuple(map(int, inside.split(",")))
            observation = observation[index if len(index) > 1 else index[0]]
    return float(np.asarray(observation))


class ReachEnv(gymnasium.Env):
    """A point on a plane that is to reach a goal, with brakes that are off or on."""

    observation_space = spaces.Dict(
        goal=Box(-2, 2, (2,), dtype=np.float64),
        position=Box(-9, 9, (2,), dtype=np.float64),
        brakes=Discrete(2),
    )
    action_space = Box(-0.5, 0.5, (2,), dtype=np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        self.shown = {
            "position": self.np_random.uniform(-2, 2, 2),
            "goal": self.np_random.uniform(-2, 2, 2),
            "brakes": 0,
        }
        return self.shown, {}

    def step(self, action):
        self.t += 1
        self.shown["brakes"] = self.t % 2
        self.shown["position"] += action / (1 + self.shown["brakes"])
        distance = np.linalg.norm(self.shown["position"] - self.shown["goal"])
        return (
            self.shown,
            -distance,
            False,
            self.t == 12,
            {"is_success": distance < 0.1},
        )


gymnasium.register("Reach-v0", entry_point=ReachEnv)


def expert_of_dicts(observation):
    """As people write them: for one observation, in the form of the space."""
    way = observation["goal"] - observation["position"]
    return way * (1 + observation["brakes"])


def expert_of_rows(observations):
    """The same, for a batch of rows."""
    brakes = observations[:, 5:]
    return (observations[:, :2] - observations[:, 2:4]) * (1 + brakes)


def test_a_dict_environment_as_every_other():
    rollouts = collect_rollouts(
        "Reach-v0", expert_of_rows, n_episodes=3, random_state=0
    )
    assert rollouts.is_success.all()
    assert rollouts.feature_names == (
        *("goal[0]", "goal[1]", "position[0]", "position[1]", "brakes=0", "brakes=1"),
    )
    flat = lambda: FlattenObservation(ReachEnv())  # noqa: E731 - as people write it
    wrapped = collect_rollouts(flat, expert_of_rows, n_episodes=3, random_state=0)
    assert wrapped == replace(rollouts, feature_names=None)
    assert wrapped.feature_names is None


def test_an_expert_that_was_written_for_the_dict():
    expert = per_observation(
        lambda row: expert_of_dicts(unflatten(ReachEnv.observation_space, row))
    )
    returns = evaluate_policy("Reach-v0", expert, n_episodes=2, random_state=0)
    expected = evaluate_policy("Reach-v0", expert_of_rows, n_episodes=2, random_state=0)
    assert_array_equal(returns, expected)
    dagger = DAggerRegressor(
        LinearRegression(), "Reach-v0", expert, n_rounds=2, random_state=0
    ).fit()
    assert dagger.n_features_in_ == 6


@pytest.mark.parametrize(
    ("env_id", "width", "first", "last"),
    [
        ("FrozenLake-v1", 16, "observation=0", "observation=15"),
        ("Taxi-v4", 500, "observation=0", "observation=499"),
        ("CliffWalking-v1", 48, "observation=0", "observation=47"),
        ("Blackjack-v1", 45, "observation[0]=0", "observation[2]=1"),
    ],
)
def test_toy_texts(env_id, width, first, last):
    env = gymnasium.make(env_id)
    observations = Observations(env.observation_space)
    assert observations.n_features == width
    names = observations.feature_names
    assert (names[0], names[-1]) == (first, last)
    shown, _ = env.reset(seed=0)
    for seed in range(20):
        row = observations.observed(shown)
        assert_array_equal(row, spaces.flatten(env.observation_space, shown))
        env.action_space.seed(seed)
        shown, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            shown, _ = env.reset(seed=seed)
    env.close()


class ShowsEnv(gymnasium.Env):
    """Shows one thing for ever, whatever its space says."""

    action_space = Box(-1, 1, (1,))

    def __init__(self, space, shown):
        self.observation_space = space
        self.shown = shown

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.shown, {}

    def step(self, action):
        return self.shown, 0.0, True, False, {}


PAIR = spaces.Dict(a=Box(-1, 1, (2,)), b=spaces.Tuple([Discrete(3, start=1)]))
FINE = {"a": [0, 0], "b": (1,)}


@pytest.mark.parametrize(
    ("space", "shown", "message"),
    [
        (PAIR, 3.0, "expected a dict as observation, got 3.0"),
        (PAIR, {"a": [0, 0]}, "expected b in what is shown, got {'a': "),
        (PAIR, FINE | {"a": [0, 0, 0]}, r"expected shape \(2,\) in a, got \(3,\)"),
        (PAIR, FINE | {"a": [0, "x"]}, "expected numbers in a, got "),
        (PAIR, FINE | {"a": [[0], [0, 1]]}, "expected numbers in a, got "),
        (PAIR, FINE | {"a": [0, np.inf]}, r"finite .*, got NaN or infinity in a\[1\]"),
        (PAIR, FINE | {"b": {"x": 1}}, r"expected b\[0\] in what is shown, got"),
        (PAIR, FINE | {"b": 1}, r"expected a tuple as b, got 1"),
        (PAIR, FINE | {"b": ()}, r"expected b\[0\] in what is shown, got \(\)"),
        (PAIR, FINE | {"b": (0,)}, r"from 1 to 3 in b\[0\], got 0"),
        (PAIR, FINE | {"b": (4,)}, r"from 1 to 3 in b\[0\], got 4"),
        (PAIR, FINE | {"b": (1.5,)}, r"whole numbers in b\[0\], got 1.5"),
        (Discrete(3), -1, "from 0 to 2 in observation, got -1"),
        (MultiDiscrete([2, 3]), [1, 3], r"from 0 to 2 in observation, got \[1, 3\]"),
        (MultiDiscrete([2, 3]), [1], r"shape \(2,\) in observation, got \(1,\)"),
        (MultiBinary(2), [1, 2], r"zeros and ones in observation, got \[1 2\]"),
        (Box(-1, 1, (2, 2)), np.zeros(4), r"shape \(2, 2\) in observation, got \(4,\)"),
    ],
)
def test_what_does_not_belong_to_the_space(space, shown, message):
    assert Observations(space).n_features == spaces.flatdim(space)
    with pytest.raises(ValueError, match=rf"^env: .*{message}.*\(episode 0, step 0\)"):
        evaluate_policy(partial(ShowsEnv, space, shown), lambda X: X[:, :1])


@settings(max_examples=25)
@given(nested)
def test_memory_of_the_environment_is_copied(space):
    space.seed(0)
    shown = space.sample()
    observations = Observations(space)
    row = observations.observed(shown)
    kept = row.copy()
    for array in _arrays(shown):
        array[...] = 0
    assert_array_equal(row, kept)


def _arrays(shown):
    if isinstance(shown, dict):
        shown = tuple(shown.values())
    if isinstance(shown, tuple):
        return [array for part in shown for array in _arrays(part)]
    return [shown] if isinstance(shown, np.ndarray) else []


IMAGE = Box(0, 255, (8, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "image",
    [
        IMAGE,
        Box(0, 255, (8, 8), dtype=np.uint8),
        Box(0, 255, (3, 64, 48), dtype=np.float32),
        Box(0, 1, (64, 48, 1), dtype=np.float32),
    ],
)
def test_images_are_refused_with_what_helps(image):
    message = "images need .*TransformObservation with a feature extractor$"
    with pytest.raises(ValueError, match=message):
        env_widths(partial(ShowsEnv, image, image.sample()))
    inside = spaces.Dict(camera=spaces.Tuple([image]), speed=Box(-1, 1, (1,)))
    shown = inside.sample()
    message = r"in 'camera\[0\]'; images need .*extractor, or FilterObservation without"
    with pytest.raises(ValueError, match=message):
        env_widths(partial(ShowsEnv, inside, shown))
    # Both ways out lead out.
    extracted = lambda: TransformObservation(  # noqa: E731 - as people write it
        ShowsEnv(inside, shown),
        lambda o: np.append(o["camera"][0].mean(), o["speed"]),
        Box(-np.inf, np.inf, (2,)),
    )
    assert env_widths(extracted) == (2, 1)
    filtered = lambda: FilterObservation(  # noqa: E731 - as people write it
        ShowsEnv(inside, shown), ["speed"]
    )
    assert env_widths(filtered) == (1, 1)


@pytest.mark.parametrize(
    "space",
    [
        Box(-1, 1, (3, 64, 48)),
        Box(0, 1, (8, 8, 3)),
        Box(0, 1, (64, 48, 7)),
        Box(0, 255, (128,), dtype=np.uint8),
        Box(0, 1, (64, 48)),
    ],
)
def test_arrays_that_are_no_images(space):
    assert Observations(space).n_features == np.prod(space.shape)


@pytest.mark.parametrize(
    "space",
    [
        spaces.Text(3),
        spaces.Sequence(Discrete(2)),
        spaces.Graph(Box(-1, 1, (2,)), None),
        spaces.OneOf([Discrete(2), Box(-1, 1, (2,))]),
        None,
    ],
)
def test_spaces_of_no_fixed_numbers(space):
    name = type(space).__name__ if space is not None else "None"
    message = f"env: expected an observation space of as many numbers .*got {name}"
    with pytest.raises(ValueError, match=message):
        env_widths(partial(ShowsEnv, space, None))
    if space is not None:
        inside = spaces.Dict(arm=spaces.Dict(told=space), goal=Box(-1, 1, (2,)))
        with pytest.raises(ValueError, match=f"got {name}.* in 'arm.told'; gymn"):
            env_widths(partial(ShowsEnv, inside, None))


def test_a_space_with_nothing_in_it():
    with pytest.raises(ValueError, match="with numbers in it, got Dict"):
        env_widths(partial(ShowsEnv, spaces.Dict(), {}))


def test_the_plain_box_is_shown_in_the_type_that_it_comes_in():
    observations = Observations(Box(-1, 1, (2,), dtype=np.float32))
    assert observations.feature_names is None
    for dtype in (np.float16, np.float32, np.float64):
        assert observations.observed(np.zeros(2, dtype)).dtype == dtype
    assert observations.observed([1, 2]).dtype == np.float64
    with pytest.raises(StepError, match=r"of shape \(2,\), got \(3,\)"):
        observations.observed(np.zeros(3))


class TestNamesOfRollouts:
    """They stay with the rollouts, wherever these go."""

    named = Rollouts(
        np.zeros((3, 2)),
        np.zeros((3, 1)),
        None,
        np.array([0, 0, 1]),
        feature_names=["a[0]", "b=1"],
    )

    def test_they_are_a_tuple(self):
        assert self.named.feature_names == ("a[0]", "b=1")

    def test_episodes_and_sums_keep_them(self):
        assert self.named.episodes[1].feature_names == ("a[0]", "b=1")
        assert self.named.episodes[1:].feature_names == ("a[0]", "b=1")
        assert (self.named + self.named).feature_names == ("a[0]", "b=1")
        again = Rollouts.from_trajectories(self.named.episodes)
        assert again == self.named

    def test_names_that_are_not_known_of_all(self):
        plain = replace(self.named, feature_names=None)
        assert (self.named + plain).feature_names is None

    def test_columns_of_others_do_not_add_up(self):
        other = replace(self.named, feature_names=("a[0]", "b=2"))
        message = r"episodes\[2\]: feature_names: expected 'b=1' in column 1 .* 'b=2'"
        with pytest.raises(ValueError, match=message):
            self.named + other

    def test_a_file_keeps_them(self, tmp_path):
        self.named.save(tmp_path / "named.npz")
        assert Rollouts.load(tmp_path / "named.npz") == self.named

    def test_a_trajectory_of_one_s_own_brings_them(self):
        trajectory = {"obs": [[1, 2]], "acts": [0.0], "feature_names": ["x", "y"]}
        assert Rollouts.from_trajectories([trajectory]).feature_names == ("x", "y")
        message = r"trajectories\[0\]: feature_names: expected a name for each of the 2"
        with pytest.raises(ValueError, match=message):
            Rollouts.from_trajectories([trajectory | {"feature_names": ["x"]}])

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            (("a",), r"each of the 2 columns of observations, got \('a',\)"),
            ("ab", "each of the 2 columns of observations, got 'ab'"),
            (("a", 1), "got 1"),
        ],
    )
    def test_names_that_do_not_do(self, names, message):
        with pytest.raises(ValueError, match=f"feature_names: .*{message}"):
            replace(self.named, feature_names=names)
