"""Rollouts from robomimic's HDF5 files."""

import os
import re
import sys

import h5py
import numpy as np
import pytest
from robots import write_robomimic

from skimitate import Rollouts


@pytest.fixture
def path(tmp_path):
    return tmp_path / "low_dim.hdf5"


def test_all_of_a_file(path):
    demos = write_robomimic(path)
    rollouts = Rollouts.from_robomimic(path)
    assert rollouts.lengths.tolist() == [3, 2]
    assert rollouts.returns.tolist() == [1, 1]
    assert rollouts.feature_names == (
        *("eef_pos[0]", "eef_pos[1]", "eef_pos[2]"),
        "gripper",
        *("object[0]", "object[1]"),
    )
    for episode, demo in zip(rollouts.episodes, demos, strict=True):
        seen = [demo[f"obs/{key}"] for key in ("eef_pos", "gripper", "object")]
        np.testing.assert_array_equal(episode.observations, np.column_stack(seen))
        np.testing.assert_array_equal(episode.actions, demo["actions"])
        last = [demo[f"next_obs/{key}"] for key in ("eef_pos", "gripper", "object")]
        np.testing.assert_array_equal(
            episode.last_observation, np.column_stack(last)[-1]
        )
    assert rollouts.terminated is rollouts.truncated is None


def test_some_of_what_is_observed_in_the_order_asked_for(path):
    demos = write_robomimic(path)
    rollouts = Rollouts.from_robomimic(path, observations=["object", "eef_pos"])
    expected = np.column_stack([demos[0]["obs/object"], demos[0]["obs/eef_pos"]])
    np.testing.assert_array_equal(rollouts.episodes[0].observations, expected)
    one = Rollouts.from_robomimic(path, observations="gripper")
    np.testing.assert_array_equal(
        one.episodes[1].observations[:, 0], demos[1]["obs/gripper"]
    )


def test_a_filter_key_and_the_order_of_numbers(path):
    demos = write_robomimic(path, lengths=range(1, 13))
    assert Rollouts.from_robomimic(path).lengths.tolist() == list(range(1, 13))
    train = Rollouts.from_robomimic(path, mask="train")
    assert train.lengths.tolist() == list(range(2, 13))
    valid = Rollouts.from_robomimic(path, mask="valid")
    np.testing.assert_array_equal(valid.actions, demos[0]["actions"])


def test_without_what_may_be_left_out(path):
    def change(file):
        for demo in file["data"].values():
            for name in ("next_obs", "rewards", "dones"):
                del demo[name]
            del demo.attrs["num_samples"]
        del file["mask"]

    write_robomimic(path, change=change)
    rollouts = Rollouts.from_robomimic(path)
    assert rollouts.rewards is rollouts.last_observations is None
    assert len(rollouts) == 5


def test_piece_by_piece(path):
    write_robomimic(path, lengths=[4, 3, 2, 6, 1])
    chunks = list(Rollouts.iter_robomimic(path, n_steps=5))
    assert [chunk.lengths.tolist() for chunk in chunks] == [[4, 3], [2, 6], [1]]
    assert sum(chunks) == Rollouts.from_robomimic(path)


def test_images_are_refused_by_name(path):
    write_robomimic(path, images=True)
    with pytest.raises(ValueError, match=r"^observations: .*since agentview_image are"):
        Rollouts.from_robomimic(path)
    with pytest.raises(
        ValueError, match=r"^observations: .*'agentview_image', an imag"
    ):
        Rollouts.from_robomimic(path, observations=["object", "agentview_image"])
    assert len(Rollouts.from_robomimic(path, observations=["object"])) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"observations": ["objekt"]}, "observations: expected some of eef_pos, gripp"),
        ({"observations": []}, "observations: expected a name, or a list of names"),
        ({"observations": ["object"] * 2}, "observations: expected a name, or a list"),
        ({"observations": [3]}, "observations: expected a name, or a list of names"),
        ({"mask": "test"}, "mask: expected one of the filter keys train, valid, got"),
    ],
)
def test_what_is_asked_for_and_not_there(path, arguments, message):
    write_robomimic(path)
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        Rollouts.from_robomimic(path, **arguments)


def test_what_is_asked_for_and_some_do_not_have(path):
    write_robomimic(path, change=without("data/demo_1/obs/object"))
    message = "^observations: expected some of eef_pos, gripper, which demo_1 has, got"
    with pytest.raises(ValueError, match=message):
        Rollouts.from_robomimic(path, observations=["object"])


def replaced(name, array):
    def change(file):
        del file[name]
        file[name] = array

    return change


def a_link(file):
    del file["data/demo_1/obs/object"]
    file["data/demo_1/obs/object"] = h5py.ExternalLink("other.hdf5", "/secret")


def a_soft_link(file):
    file["data/demo_2"] = h5py.SoftLink("/data/demo_0")


def elsewhere(file):
    del file["data/demo_1/actions"]
    file["data/demo_1"].create_dataset(
        "actions", (2, 2), "f8", external=[("/etc/passwd", 0, 32)]
    )


def virtual(file):
    del file["data/demo_1/actions"]
    layout = h5py.VirtualLayout((2, 2), "f8")
    layout[:] = h5py.VirtualSource("other.hdf5", "secret", (2, 2))
    file["data/demo_1"].create_virtual_dataset("actions", layout)


def huge(file):
    del file["data/demo_1/actions"]
    file["data/demo_1"].create_dataset(
        "actions", (10**9, 2), "f8", chunks=(1000, 2), compression="gzip"
    )


def wider(file):
    del file["data/demo_1/next_obs"]
    replaced("data/demo_1/obs/object", np.zeros((2, 5)))(file)


def counted_twice(file):
    file["data/demo_1"].attrs["num_samples"] = [2, 2]


def without(name):
    def change(file):
        del file[name]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("data"), "expected robomimic's demonstrations, but the file has no "),
        (without("data/demo_1/actions"), "but data/demo_1 has no 'actions'; it has "),
        (without("data/demo_1/obs"), "but data/demo_1 has no 'obs'"),
        (without("data/demo_1/obs/object"), "but data/demo_1/obs has no 'object'; it"),
        (without("data/demo_1/next_obs/object"), "but data/demo_1/next_obs has no 'ob"),
        (replaced("data/demo_1/actions", np.zeros((0, 2))), "but demo_1 has no steps"),
        (counted_twice, r"demo_1 has 2 actions, and says that it has \[2 2\]"),
        (replaced("data/demo_1/actions", np.array([b"x"])), "expected numbers in data"),
        (replaced("data/demo_1/actions", np.zeros((7, 2))), "has 7 actions, and says"),
        (replaced("data/demo_1/actions", np.float64(1.0)), "actions"),
        (replaced("data/demo_1/rewards", np.zeros(3)), "demo_1: rewards: expected one"),
        (replaced("data/demo_1/obs/object", np.zeros((3, 2))), "obs/object has shape"),
        (wider, r"expected 6 columns as in episodes\[0\], got 9"),
        (
            replaced("data/demo_1/obs/object", np.full((2, 2), np.nan)),
            r"demo_1: obs: expected finite values, got nan at \[0, 4\]",
        ),
        (
            replaced("mask/train", np.array([b"demo_9"])),
            "mask/train names 'demo_9', which",
        ),
        (a_link, "is a link, which is not followed"),
        (a_soft_link, "is a link, which is not followed"),
        (elsewhere, "lies in other files, which are not read"),
        (virtual, "lies in other files, which are not read"),
        (huge, "more than 128 MiB and 100 times its size, which is not read"),
    ],
)
def test_files_that_are_not_as_they_should_be(path, change, message):
    write_robomimic(path, change=change)
    mask = "train" if "mask" in message else None
    with pytest.raises(ValueError, match=message) as caught:
        Rollouts.from_robomimic(path, mask=mask)
    assert str(path) in str(caught.value)


def test_files_that_are_damaged(path):
    write_robomimic(path)
    whole = path.read_bytes()
    for content in (b"", b"PK\3\4", whole[: len(whole) // 2], whole[:500]):
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match=f"^{re.escape(str(path))}: expected robom"
        ):
            Rollouts.from_robomimic(path)


def test_bytes_that_were_changed_are_read_or_refused(path):
    write_robomimic(path)
    whole = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    n_refused = 0
    for _ in range(40):
        damaged = whole.copy()
        for place in rng.integers(len(whole), size=4):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            Rollouts.from_robomimic(path)
        except ValueError:
            n_refused += 1
    assert n_refused > 0


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.hdf5"):
        Rollouts.from_robomimic(tmp_path / "none.hdf5")
    with pytest.raises(IsADirectoryError):
        Rollouts.from_robomimic(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no regular file"):
        Rollouts.from_robomimic(tmp_path / "pipe")


def test_without_its_library(path, monkeypatch):
    write_robomimic(path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=re.escape("skimitate[robomimic]")):
        Rollouts.from_robomimic(path)
