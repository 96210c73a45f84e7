"""Rollouts from Minari's data sets, which Minari itself wrote and reads."""

import json
import re
import sys
from dataclasses import replace

import gymnasium
import minari
import numpy as np
import pytest
from gymnasium import spaces
from minari.data_collector import EpisodeBuffer

from skimitate import Rollouts, collect_rollouts, load_expert

pytestmark = pytest.mark.filterwarnings(
    # Minari's, of what it would like to be told.
    "ignore:.*is set to None:UserWarning",
    "ignore:env_spec is None:UserWarning",
)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Where Minari keeps its data sets meanwhile."""
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))
    return tmp_path / "sets"


def run(env, n_steps, seed):
    """Run an episode as Minari would keep it: all that was seen, and what was done."""
    env.action_space.seed(seed)
    observation, _ = env.reset(seed=seed)
    seen, done, earned = [observation], [], []
    over = cut = False
    while not (over or cut) and len(done) < n_steps:
        done.append(env.action_space.sample())
        observation, reward, over, cut, _ = env.step(done[-1])
        seen.append(observation)
        earned.append(float(reward))
    is_last = np.arange(len(done)) == len(done) - 1
    return seen, done, earned, is_last & over, is_last & (not over)


def buffer(env, n_steps, seed, infos=None):
    seen, done, earned, over, cut = run(env, n_steps, seed)
    return EpisodeBuffer(
        observations=stacked(env.observation_space, seen),
        actions=np.array(done),
        rewards=earned,
        terminations=over,
        truncations=cut,
        infos=infos,
    )


def stacked(space, seen):
    if isinstance(space, spaces.Dict):
        parts = space.spaces.items()
        return {k: stacked(part, [one[k] for one in seen]) for k, part in parts}
    if isinstance(space, spaces.Tuple):
        parts = enumerate(space.spaces)
        return tuple(stacked(part, [one[i] for one in seen]) for i, part in parts)
    return np.array(seen)


def create(dataset_id, env, lengths=(20, 10), **options):
    buffers = [buffer(env, n, seed) for seed, n in enumerate(lengths)]
    dataset = minari.create_dataset_from_buffers(
        dataset_id,
        buffers,
        observation_space=env.observation_space,
        action_space=env.action_space,
        **options,
    )
    env.close()
    return dataset, buffers


@pytest.mark.parametrize("data_format", ["hdf5", "arrow"])
@pytest.mark.parametrize("env_id", ["Pendulum-v1", "Hopper-v5"])
def test_a_set_of_minari_s(env_id, data_format):
    dataset, buffers = create(
        "some/set-v0", gymnasium.make(env_id), data_format=data_format
    )
    rollouts = Rollouts.from_minari("some/set-v0")
    assert rollouts.n_episodes == 2
    for episode, written in zip(rollouts.episodes, buffers, strict=True):
        np.testing.assert_array_equal(episode.observations, written.observations[:-1])
        np.testing.assert_array_equal(
            episode.last_observation, written.observations[-1]
        )
        np.testing.assert_array_equal(episode.actions, written.actions)
        np.testing.assert_array_equal(episode.rewards, written.rewards)
        assert episode.terminated == written.terminations[-1]
        assert episode.truncated == written.truncations[-1]
    assert rollouts.feature_names is None
    assert Rollouts.from_minari(dataset) == rollouts
    folder = dataset.spec.data_path
    assert Rollouts.from_minari(type(minari.storage.get_dataset_path())(folder)) == (
        rollouts
    )


def test_some_episodes_of_a_set():
    dataset, _ = create("set-v0", gymnasium.make("Pendulum-v1"), (5, 7, 6))
    long = dataset.filter_episodes(lambda episode: len(episode) > 5)
    assert Rollouts.from_minari(long).lengths.tolist() == [7, 6]


def test_piece_by_piece():
    create("set-v0", gymnasium.make("Pendulum-v1"), (4, 3, 2, 6, 1))
    chunks = list(Rollouts.iter_minari("set-v0", n_steps=5))
    assert [chunk.lengths.tolist() for chunk in chunks] == [[4, 3], [2, 6], [1]]
    assert sum(chunks) == Rollouts.from_minari("set-v0")


class Shown(gymnasium.Env):
    """Shows samples of a space; its actions are classes."""

    def __init__(self, space, actions=None):
        self.observation_space = space
        self.action_space = actions or spaces.Discrete(3, start=1)

    def reset(self, *, seed=None, options=None):
        if seed is not None:
            self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), 1.0, False, False, {}


SPACES = [
    spaces.Dict(
        goal=spaces.Box(-1, 1, (2,)),
        inner=spaces.Dict(grid=spaces.Box(-1, 1, (2, 2), np.float64)),
        mode=spaces.Discrete(3, start=2),
    ),
    spaces.Tuple([spaces.Discrete(2), spaces.Box(-1, 1, (3,))]),
    spaces.Discrete(4),
    spaces.MultiDiscrete([2, 3]),
    spaces.MultiBinary(3),
    spaces.Box(-1, 1, (2, 3)),
    spaces.Box(-1, 1, ()),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_rows_are_those_that_an_environment_shows(space):
    _, buffers = create("set-v0", Shown(space), (6,))
    rollouts = Rollouts.from_minari("set-v0")
    env = Shown(space)
    env.reset(seed=0)
    seen = [env.observation_space.seed(0)] and [space.sample() for _ in range(7)]
    expected = [spaces.flatten(space, one) for one in seen]
    np.testing.assert_array_equal(rollouts.observations, expected[:-1])
    np.testing.assert_array_equal(rollouts.last_observations, expected[-1:])
    np.testing.assert_array_equal(rollouts.actions, buffers[0].actions)
    assert rollouts.actions.dtype == np.int64
    shown = collect_rollouts(
        lambda: Shown(space), lambda X: np.ones(len(X), int), n_episodes=1, max_steps=1
    )
    assert rollouts.feature_names == shown.feature_names


def test_a_dict_comes_in_the_order_of_its_keys():
    space = spaces.Dict(speed=spaces.Box(-1, 1, (1,)), angle=spaces.Box(-1, 1, (1,)))
    _, buffers = create("set-v0", Shown(space), (3,))
    rollouts = Rollouts.from_minari("set-v0")
    assert rollouts.feature_names == ("angle[0]", "speed[0]")
    speeds = buffers[0].observations["speed"]
    np.testing.assert_array_equal(rollouts.observations[:, 1:], speeds[:-1])


def test_whole_numbers_of_a_box_are_no_classes():
    env = Shown(spaces.Box(-1, 1, (2,)), spaces.Box(-5, 5, (2,), np.int32))
    create("set-v0", env)
    assert Rollouts.from_minari("set-v0").actions.dtype == np.float64


def test_success_is_told_by_infos():
    env = Shown(spaces.Box(-1, 1, (2,)))
    infos = [{"is_success": np.array([False] * 3 + [end])} for end in (True, False)]
    minari.create_dataset_from_buffers(
        "set-v0",
        [buffer(env, 3, seed, told) for seed, told in enumerate(infos)],
        observation_space=env.observation_space,
        action_space=env.action_space,
    )
    assert Rollouts.from_minari("set-v0").is_success.tolist() == [True, False]


@pytest.mark.parametrize(
    "env_id", ["Pendulum-v1", "CartPole-v1", pytest.param("Hopper-v5")]
)
def test_what_is_written_is_read_by_minari_and_by_us(env_id):
    expert = load_expert(env_id)
    rollouts = collect_rollouts(
        env_id, expert, n_episodes=2, max_steps=30, random_state=0
    )
    told = {"author": "me", "algorithm_name": "expert"}
    rollouts.to_minari("mine/deep/set-v3", env=env_id, metadata=told)
    dataset = minari.load_dataset("mine/deep/set-v3")
    assert "mine/deep/set-v3" in minari.list_local_datasets()
    assert (dataset.total_episodes, dataset.total_steps) == (2, len(rollouts))
    assert dataset.storage.metadata["algorithm_name"] == "expert"
    env = dataset.recover_environment()
    assert env.spec.id == env_id
    env.close()
    for episode, ours in zip(dataset, rollouts.episodes, strict=True):
        np.testing.assert_array_equal(episode.observations[:-1], ours.observations)
        assert dataset.observation_space.contains(episode.observations[0])
        assert dataset.action_space.contains(episode.actions[0])
        assert episode.truncations[-1] == ours.truncated
        assert not episode.truncations[:-1].any()
    found = Rollouts.from_minari("mine/deep/set-v3")
    assert found == replace(rollouts, action_noise=None)


def test_what_is_written_may_have_choices_and_successes():
    rollouts = Rollouts(
        observations=np.eye(4),
        actions=np.array([[1, 5], [0, 6], [3, 5], [1, 5]]),
        episode_ids=np.array([0, 0, 1, 1]),
        rewards=np.arange(4.0),
        terminated=np.array([True, False]),
        truncated=np.array([False, True]),
        last_observations=np.ones((2, 4)),
        is_success=np.array([True, False]),
    )
    rollouts.to_minari("set-v0")
    assert Rollouts.from_minari("set-v0") == rollouts
    episode = minari.load_dataset("set-v0")[0]
    assert minari.load_dataset("set-v0").action_space.contains(episode.actions[0])


def complete(**changes):
    parts = {
        "observations": np.eye(2),
        "actions": np.ones((2, 1)),
        "rewards": np.ones(2),
        "episode_ids": np.array([0, 1]),
        "terminated": np.array([True, False]),
        "truncated": np.array([False, True]),
        "last_observations": np.eye(2),
    }
    return Rollouts(**parts | changes)


@pytest.mark.parametrize(
    "name", ["rewards", "last_observations", "terminated", "truncated"]
)
def test_what_a_set_has_is_to_be_known(place, name):
    with pytest.raises(ValueError, match=f"^{name}: expected them to be known"):
        complete(**{name: None}).to_minari("set-v0")
    assert not place.exists()


def test_an_id_that_is_taken(place):
    complete().to_minari("my/set-v0")
    before = sorted(place.rglob("*"))
    with pytest.raises(ValueError, match=r"^dataset_id: .*not taken, got 'my/set-v0'"):
        complete(rewards=np.zeros(2)).to_minari("my/set-v0")
    assert sorted(place.rglob("*")) == before
    assert Rollouts.from_minari("my/set-v0") == complete()


@pytest.mark.parametrize(
    "dataset_id", ["set", "", "../set-v0", "a b-v0", "/etc/set-v0"]
)
def test_an_id_that_is_none(place, dataset_id):
    with pytest.raises(ValueError, match=r"^dataset_id: expected an id of the form"):
        complete().to_minari(dataset_id)
    with pytest.raises(ValueError, match=r"^dataset: expected an id of the form"):
        Rollouts.from_minari(dataset_id)


def test_a_place_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "file"))
    with pytest.raises(OSError, match="file"):
        complete().to_minari("set-v0")


def test_nothing_is_left_of_a_set_that_could_not_be_written(place):
    for odd in ({"author": object()}, {"code_permalink": 3}, {"hours": object()}):
        with pytest.raises(ValueError, match=r"^metadata: expected what Minari takes"):
            complete().to_minari("set-v0", metadata=odd)
    assert list(place.iterdir()) == []
    complete().to_minari("set-v0")


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"env": "None-v0"}, ValueError, "env: expected the id of an environment: "),
        ({"env": lambda: None}, TypeError, "env: expected the id of .*, got function"),
        ({"dataset_id": 5}, TypeError, "dataset_id: expected an id .*, got int"),
        ({"metadata": "me"}, TypeError, "metadata: expected a dict .*, got str"),
        ({"metadata": {"total_steps": 7}}, ValueError, "metadata: .*'total_steps', wh"),
        ({"metadata": {"data_format": "a"}}, ValueError, "metadata: .*'data_format'"),
    ],
)
def test_what_else_may_be_wrong(place, arguments, kind, message):
    with pytest.raises(kind, match=f"^{message}"):
        complete().to_minari(**{"dataset_id": "set-v0"} | arguments)
    assert not place.exists() or list(place.iterdir()) == []


def test_a_set_that_is_not_here():
    complete().to_minari("mine/set-v0")
    message = (
        "dataset: expected a data set that is here, got 'set-v1'; in .* mine/set-v0"
    )
    with pytest.raises(FileNotFoundError, match=message):
        Rollouts.from_minari("set-v1")


@pytest.mark.parametrize("dataset", [3, None, [1, 2]])
def test_what_is_no_set(dataset):
    with pytest.raises(
        TypeError, match="dataset: expected the id of a Minari data set"
    ):
        Rollouts.from_minari(dataset)


@pytest.mark.parametrize(
    ("space", "named"),
    [
        (spaces.Box(0, 255, (32, 32, 3), np.uint8), "Box"),
        (
            spaces.Dict(
                camera=spaces.Box(0, 255, (32, 32, 3), np.uint8),
                speed=spaces.Box(-1, 1, (1,)),
            ),
            "'camera'",
        ),
    ],
)
def test_images_are_refused_by_name(space, named):
    create("set-v0", Shown(space), (2,))
    with pytest.raises(ValueError, match=f"dataset: episode 0: .*image.*{named}") as e:
        Rollouts.from_minari("set-v0")
    assert "env:" not in str(e.value)


def test_actions_of_a_dict_are_refused():
    actions = spaces.Dict(arm=spaces.Box(-1, 1, (2,)), grip=spaces.Discrete(2))
    env = Shown(spaces.Box(-1, 1, (2,)), actions)
    seen, done, earned, over, cut = run(env, 3, 0)
    parts = stacked(actions, done)
    minari.create_dataset_from_buffers(
        "set-v0",
        [EpisodeBuffer(None, 0, None, np.array(seen), parts, earned, over, cut)],
        observation_space=env.observation_space,
        action_space=actions,
    )
    with pytest.raises(
        ValueError, match=r"episode 0: actions: .* got dict with the keys"
    ):
        Rollouts.from_minari("set-v0")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"data_format": 3}'])
def test_a_description_that_is_damaged(place, content):
    complete().to_minari("set-v0")
    (place / "set-v0" / "data" / "metadata.json").write_bytes(content)
    with pytest.raises(ValueError, match="set-v0: expected a Minari data set, but"):
        Rollouts.from_minari("set-v0")


def test_a_file_that_is_damaged(place):
    complete().to_minari("set-v0")
    path = place / "set-v0" / "data" / "main_data.hdf5"
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(ValueError, match=r"set-v0.*: expected a Minari data set, but"):
        Rollouts.from_minari("set-v0")
    about = place / "set-v0" / "data" / "metadata.json"
    told = json.loads(about.read_text())
    about.write_text(json.dumps(told | {"minari_version": "99.0"}))
    with pytest.raises(ValueError, match=r"set-v0.*: expected a Minari data set, but"):
        Rollouts.from_minari("set-v0")


def test_without_its_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "minari", None)
    for act in (
        lambda: Rollouts.from_minari("a-v0"),
        lambda: complete().to_minari("a-v0"),
    ):
        with pytest.raises(ImportError, match=re.escape("skimitate[minari]")):
            act()


def swung(n_episodes=2):
    expert = load_expert("Pendulum-v1")
    return collect_rollouts("Pendulum-v1", expert, n_episodes=n_episodes, max_steps=5)


def test_an_environment_of_other_widths_is_refused():
    demos = swung()
    with pytest.raises(ValueError, match=r"env: expected .* of 3 observation and 1"):
        demos.to_minari("me/other-v0", env="CartPole-v1")
    assert "me/other-v0" not in minari.list_local_datasets()


def test_a_set_of_which_nothing_is_left():
    swung().to_minari("me/none-v0", env="Pendulum-v1")
    none = minari.load_dataset("me/none-v0").filter_episodes(lambda episode: False)
    with pytest.raises(ValueError, match="dataset: expected an episode at least"):
        Rollouts.from_minari(none)
