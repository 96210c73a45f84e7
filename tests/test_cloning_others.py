"""Files of other libraries, as ``clone`` reads them."""

import re

import numpy as np
import pyarrow as pa
import pytest
from logs import FEW, IDS, LOG, SENSORS, X, Y, refused
from pyarrow import parquet
from robots import write_lerobot, write_robomimic

from skimitate import Rollouts
from skimitate.cli._main import main
from skimitate.datasets._files import read_steps


@pytest.fixture(autouse=True)
def sets(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))


def write_parquet(path, columns):
    parquet.write_table(pa.table({k: np.asarray(v) for k, v in columns.items()}), path)
    return path


def test_columns_of_parquet_that_say_what_they_are(tmp_path):
    steps = read_steps(write_parquet(tmp_path / "log.parquet", LOG))
    np.testing.assert_array_equal(steps.observations, X)
    np.testing.assert_array_equal(steps.actions, Y)
    np.testing.assert_array_equal(steps.episode_ids, IDS)
    assert steps.origin["observations"] == "obs_0, obs_1, obs_2"
    assert not steps.are_classes


def test_columns_of_parquet_that_are_named(tmp_path):
    path = write_parquet(tmp_path / "log.parquet", SENSORS | {"run": IDS})
    steps = read_steps(
        path, observations=["angle", "x"], actions=["u"], episode_ids="run"
    )
    np.testing.assert_array_equal(steps.observations, X[:, [2, 0]])
    np.testing.assert_array_equal(steps.episode_ids, IDS)


def test_parquet_that_does_not_tell_its_episodes(tmp_path, capsys):
    columns = {name: column for name, column in LOG.items() if name != "episode"}
    path = write_parquet(tmp_path / "log.parquet", columns)
    steps = read_steps(path)
    assert steps.episode_ids is None
    assert steps.n_episodes is None
    assert main(["clone", str(path), *FEW]) == 0
    assert "episodes: not known\n" in capsys.readouterr().out


def test_whole_numbers_are_classes(tmp_path):
    columns = LOG | {"action": np.arange(len(X)) % 3}
    steps = read_steps(write_parquet(tmp_path / "log.parquet", columns))
    assert steps.are_classes
    assert steps.actions.shape == (len(X), 1)


def test_files_of_robots(tmp_path):
    demos = write_robomimic(tmp_path / "low.hdf5")
    steps = read_steps(tmp_path / "low.hdf5", observations=["object"])
    np.testing.assert_array_equal(steps.observations[:3], demos[0]["obs/object"])
    np.testing.assert_array_equal(steps.episode_ids, [0, 0, 0, 1, 1])
    columns = write_lerobot(tmp_path / "set", "v3.0", videos=["observation.image"])
    steps = read_steps(tmp_path / "set", observations=["observation.state"])
    np.testing.assert_array_equal(steps.observations, columns["observation.state"])
    np.testing.assert_array_equal(steps.actions, columns["action"])


def rollouts():
    ends = np.ones(10, bool)
    return Rollouts(X, Y, np.ones(len(X)), IDS, ends, ~ends, np.zeros((10, 3)))


def test_a_clone_of_each(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rollouts().to_minari("mine/log-v0")
    write_robomimic("low.hdf5", lengths=[20, 20])
    write_lerobot(tmp_path / "set", "v2.1", lengths=(20, 20))
    write_parquet("log.parquet", LOG)
    for data, n_rows in (
        ("minari:mine/log-v0", 200),
        ("low.hdf5", 40),
        ("set", 40),
        ("log.parquet", 200),
    ):
        assert main(["clone", data, *FEW]) == 0
        printed = capsys.readouterr().out
        assert f"{data}: {n_rows} rows\n" in printed
        assert "held out" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.parquet"], "DATA: no such file: none.parquet"),
        (["minari:none-v0"], "DATA: expected a data set that is here, got 'none-v0'"),
        (["minari:none"], "DATA: expected an id of the form name-v0"),
        (["."], "DATA: expected a file, or the folder of a LeRobot data set, in which"),
        (["bad.parquet"], "DATA: bad.parquet: expected a Parquet file, but "),
        (
            ["bad.hdf5"],
            "DATA: bad.hdf5: expected robomimic's demonstrations, but it is ",
        ),
        (["low.hdf5"], "--observations: expected the names of what is to be read, "),
        (
            ["low.hdf5", "--observations", "none"],
            "--observations: expected some of agentview_image, eef_pos, gripper, obj",
        ),
        (
            ["low.hdf5", "--actions", "u"],
            "DATA: expected a file that does not tell its actions by itself, as u is",
        ),
        (["set"], "--observations: expected the names of features to be read, since"),
        (
            ["log.parquet", "--actions", "none"],
            "--actions: no column none; the columns",
        ),
        (["sensors.parquet"], "DATA: sensors.parquet: actions: expected columns whose"),
        (["torn.parquet"], "--episode-ids: expected the rows of each episode together"),
        (
            ["nan.parquet"],
            "--observations: expected finite numbers in column 'obs_1', ",
        ),
    ],
)
def test_what_cannot_be_taken(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    for name in ("bad.parquet", "bad.hdf5"):
        (tmp_path / name).write_bytes(b"PAR1 is no HDF5")
    write_robomimic("low.hdf5", images=True)
    write_lerobot(tmp_path / "set", "v3.0", videos=["observation.image"])
    write_parquet("log.parquet", LOG)
    write_parquet("sensors.parquet", SENSORS)
    write_parquet("torn.parquet", LOG | {"episode": np.arange(len(X)) % 3})
    write_parquet("nan.parquet", LOG | {"obs_1": np.full(len(X), np.nan)})
    assert refused(capsys, *arguments).startswith(message)


def test_an_episode_of_no_name_is_refused_by_the_option(tmp_path):
    path = write_parquet(tmp_path / "log.parquet", LOG)
    message = f"episode_ids: no column nobody; .* \\(in {re.escape(str(path))}\\)"
    with pytest.raises(ValueError, match=message):
        read_steps(path, episode_ids="nobody")
