"""Rollouts from LeRobot's folders of Parquet files."""

import json
import re
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from robots import STEPS, lerobot_columns, write_lerobot, write_steps, write_text

from skimitate import Rollouts

VERSIONS = ["v2.0", "v2.1", "v3.0"]
EPISODE = {
    "v2.1": "data/chunk-000/episode_000001.parquet",
    "v3.0": "data/chunk-000/file-000.parquet",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_all_of_a_set(tmp_path, version):
    columns = write_lerobot(tmp_path, version)
    rollouts = Rollouts.from_lerobot(tmp_path)
    np.testing.assert_array_equal(rollouts.observations, columns["observation.state"])
    np.testing.assert_array_equal(rollouts.actions, columns["action"])
    np.testing.assert_array_equal(rollouts.rewards, columns["next.reward"])
    assert rollouts.observations.dtype == rollouts.actions.dtype == np.float32
    assert rollouts.lengths.tolist() == [3, 2, 4]
    assert rollouts.is_success.all()
    assert rollouts.feature_names[1] == "observation.state[1]"
    assert rollouts.terminated is rollouts.truncated is None


def test_a_set_without_rewards(tmp_path):
    features = {
        name: {"dtype": dtype, "shape": [1]}
        for name, dtype in STEPS.items()
        if not name.startswith("next.")
    }
    write_lerobot(tmp_path, "v3.0", features=features)
    rollouts = Rollouts.from_lerobot(tmp_path)
    assert rollouts.rewards is rollouts.is_success is None


@pytest.mark.parametrize("version", VERSIONS)
def test_piece_by_piece(tmp_path, version):
    write_lerobot(tmp_path, version, lengths=(4, 3, 2, 6, 1))
    chunks = list(Rollouts.iter_lerobot(tmp_path, n_steps=5))
    assert [chunk.lengths.tolist() for chunk in chunks] == [[4, 3], [2, 6], [1]]
    assert sum(chunks) == Rollouts.from_lerobot(tmp_path)


def test_thousands_of_steps_in_a_file(tmp_path):
    columns = write_lerobot(tmp_path, "v3.0", lengths=(30_000, 20_000), per_file=9)
    rollouts = Rollouts.from_lerobot(tmp_path)
    np.testing.assert_array_equal(rollouts.observations, columns["observation.state"])
    assert rollouts.lengths.tolist() == [30_000, 20_000]


def test_the_thousandth_episode_is_in_the_next_chunk(tmp_path):
    write_lerobot(tmp_path, "v2.1", chunks_size=2)
    data = tmp_path / "data"
    (data / "chunk-001").mkdir()
    (data / "chunk-000" / "episode_000002.parquet").rename(
        data / "chunk-001" / "episode_000002.parquet"
    )
    assert Rollouts.from_lerobot(tmp_path).n_episodes == 3


@pytest.mark.parametrize("version", VERSIONS)
def test_videos_are_refused_by_name(tmp_path, version):
    videos = ("observation.images.top",)
    write_lerobot(tmp_path, version, videos=videos)
    message = "^observations: .*since observation.images.top is a video.*observation.st"
    with pytest.raises(ValueError, match=message):
        Rollouts.from_lerobot(tmp_path)
    with pytest.raises(ValueError, match=r"^observations: .*images.top', a video, whi"):
        Rollouts.from_lerobot(tmp_path, observations=["observation.state", *videos])
    rollouts = Rollouts.from_lerobot(tmp_path, observations="observation.state")
    assert len(rollouts) == 9


def test_texts_are_refused_by_name(tmp_path):
    write_lerobot(tmp_path, "v2.1")
    place = tmp_path / "meta" / "info.json"
    info = json.loads(place.read_text())
    info["features"]["observation.task"] = {"dtype": "string", "shape": [1]}
    place.write_text(json.dumps(info))
    with pytest.raises(ValueError, match=r"^observations: .*task is a string.*\.state"):
        Rollouts.from_lerobot(tmp_path)
    with pytest.raises(ValueError, match=r"^observations: .*task', a string, which is"):
        Rollouts.from_lerobot(tmp_path, observations="observation.task")
    assert len(Rollouts.from_lerobot(tmp_path, observations="observation.state")) == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"observations": "state"},
            "observations: expected names of features, got 'st",
        ),
        ({"observations": []}, "observations: expected a name, or a list of names"),
        ({"actions": "act"}, "actions: expected names of features, got 'act'; the fea"),
        (
            {"actions": "observation.state"},
            "actions: expected columns of its own, got 'observation.state'",
        ),
        (
            {"observations": ["episode_index"]},
            "observations: expected columns of its own, got 'episode_index'",
        ),
    ],
)
def test_what_is_asked_for_and_not_there(tmp_path, arguments, message):
    write_lerobot(tmp_path, "v3.0")
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        Rollouts.from_lerobot(tmp_path, **arguments)


@pytest.mark.parametrize("version", ["v1.6", "v4.0", None, 3])
def test_other_versions(tmp_path, version):
    write_lerobot(tmp_path, "v3.0", codebase_version=version)
    with pytest.raises(
        ValueError, match=r"info\.json: .*version .*v2\.0, v2\.1, v3\.0"
    ):
        Rollouts.from_lerobot(tmp_path)


def test_sets_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"info\.json"):
        Rollouts.from_lerobot(tmp_path / "none")


@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
def test_a_file_of_steps_that_is_missing_or_damaged(tmp_path, version):
    write_lerobot(tmp_path, version)
    path = tmp_path / EPISODE[version]
    whole = path.read_bytes()
    for content in (b"", b"PAR1", whole[:-20], whole[20:], b"x" * 1000 + whole[1000:]):
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match="expected a LeRobot data set, but"
        ) as caught:
            Rollouts.from_lerobot(tmp_path)
        assert str(caught.value).startswith(str(tmp_path))
        assert EPISODE[version] in str(caught.value)
    path.unlink()
    with pytest.raises(ValueError, match="it is not there"):
        Rollouts.from_lerobot(tmp_path)


@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
def test_steps_that_are_others_than_the_set_tells(tmp_path, version):
    write_lerobot(tmp_path, version)
    columns = lerobot_columns((3, 2, 4))
    path = tmp_path / EPISODE[version]
    ids = columns["episode_index"]
    some = ids == 1 if version == "v2.1" else ids < 2
    write_steps(path, columns, some & (columns["index"] != 4))
    with pytest.raises(
        ValueError, match=r"expected 2 of 1 in .*, got 1 steps of episo"
    ):
        Rollouts.from_lerobot(tmp_path)
    write_steps(path, columns | {"episode_index": ids + 7}, some)
    with pytest.raises(ValueError, match=r"got . steps of episode"):
        Rollouts.from_lerobot(tmp_path)
    write_steps(path, {"action": columns["action"]}, some)
    with pytest.raises(ValueError, match=r"it has no column 'observation\.state'"):
        Rollouts.from_lerobot(tmp_path)


def test_steps_that_are_missing_at_the_end(tmp_path):
    write_lerobot(tmp_path, "v3.0", per_file=9)
    columns = lerobot_columns((3, 2, 4))
    path = tmp_path / EPISODE["v3.0"]
    write_steps(path, columns, columns["episode_index"] < 2)
    with pytest.raises(ValueError, match="has no steps of episode 2"):
        Rollouts.from_lerobot(tmp_path)
    more = {name: np.concatenate([a, a[:1]]) for name, a in columns.items()}
    more["episode_index"][-1] = 3
    write_steps(path, more, slice(None))
    with pytest.raises(ValueError, match="expected no more in its files, got 1 steps"):
        Rollouts.from_lerobot(tmp_path)


def test_values_that_are_none(tmp_path):
    write_lerobot(tmp_path, "v3.0")
    columns = lerobot_columns((3, 2, 4))
    columns["action"][1, 1] = np.nan
    write_steps(tmp_path / EPISODE["v3.0"], columns, columns["episode_index"] < 2)
    with pytest.raises(ValueError, match=r"actions: .*'action', got nan in row 1"):
        Rollouts.from_lerobot(tmp_path)


@pytest.mark.parametrize(
    ("n", "dtype"),
    [
        (5_000_000, np.int64),
        pytest.param(17_000_000, np.int8, marks=pytest.mark.slow),
    ],
)
def test_few_bytes_that_become_many_numbers(tmp_path, n, dtype):
    write_lerobot(tmp_path, "v3.0", lengths=(3,))
    numbers = pa.array(np.zeros(n, dtype))
    names = [name for name in STEPS if name not in ("timestamp", "frame_index")]
    table = pa.table(dict.fromkeys(names, numbers))
    parquet.write_table(table, tmp_path / EPISODE["v3.0"], row_group_size=n)
    assert (tmp_path / EPISODE["v3.0"]).stat().st_size < 1_000_000
    with pytest.raises(ValueError, match="128 MiB and 100 times its size, which is no"):
        Rollouts.from_lerobot(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"codebase_version": "v2.1"}',
        '{"codebase_version": "v2.1", "features": []}',
        '{"codebase_version": "v2.1", "features": {"action": 3}}',
        "[" * 100_000,
    ],
)
def test_descriptions_that_are_none(tmp_path, text):
    write_lerobot(tmp_path, "v2.1")
    write_text(tmp_path / "meta" / "info.json", text)
    with pytest.raises(
        ValueError, match=r"observations: |expected a LeRobot data set, b"
    ):
        Rollouts.from_lerobot(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "{}",
        "[]",
        json.dumps({"episode_index": -1, "length": 3}),
        json.dumps({"episode_index": "../../0", "length": 3}),
        json.dumps({"episode_index": 0, "length": None}),
    ],
)
def test_lists_of_episodes_that_are_none(tmp_path, line):
    write_lerobot(tmp_path, "v2.1")
    write_text(tmp_path / "meta" / "episodes.jsonl", line)
    with pytest.raises(ValueError, match="expected a LeRobot data set, but"):
        Rollouts.from_lerobot(tmp_path)
    write_text(tmp_path / "meta" / "episodes.jsonl", "\n")
    with pytest.raises(ValueError, match="it has no episodes"):
        Rollouts.from_lerobot(tmp_path)


def test_without_its_library(tmp_path, monkeypatch):
    write_lerobot(tmp_path, "v3.0")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=re.escape("skimitate[lerobot]")):
        Rollouts.from_lerobot(tmp_path)
