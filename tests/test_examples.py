"""The examples run, each by itself, and show what they say they show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import skimitate as sk

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def printed_by(name, *arguments, timeout=90):
    """Run an example as its reader would, warnings being errors."""
    job = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *arguments],
        # One thread for each library: the processors are shared.
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert job.returncode == 0, job.stderr
    return job.stdout


def columns(pattern, printed):
    """The numbers of all lines that match, a column for each group."""
    rows = re.findall(pattern, printed, re.MULTILINE)
    assert rows, printed
    return np.array(rows, dtype=float).reshape(len(rows), -1).T


@pytest.mark.slow
def test_a_split_by_rows_flatters():
    printed = printed_by("clone_arrays.py")
    scores = columns(r"^R² of a split by \w+: +([\d.]+)", printed)[0]
    assert scores[0] > scores[1] + 0.1
    assert "one action: [" in printed


@pytest.mark.slow
def test_how_much_a_split_by_rows_flatters():
    printed = printed_by("split_by_episode.py")
    row = r"^\S+ +\d+ +([\d.]+) - ([\d.]+) = +(-?[\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)$"
    by_rows, by_episodes, flattery, *told = columns(row, printed)
    np.testing.assert_allclose(flattery, by_rows - by_episodes, atol=0.0015)
    assert flattery[0] > flattery[1] > flattery[2] > 0.005  # Reacher, ever more of it
    assert np.abs(flattery[3:]).max() < 0.005  # gaits
    assert told[0][0] > told[1][0] > told[2][0]


@pytest.mark.slow
def test_dagger_gets_from_two_episodes_to_the_expert():
    printed = printed_by("dagger_pendulum.py")
    expert, clone, dagger = columns(r"^\w+ +(-\d+) \(\d+\)$", printed)[0]
    assert clone < 2 * dagger < 0
    assert dagger > 2 * expert


@pytest.mark.slow
def test_labels_in_files_are_those_of_an_expert_at_hand(tmp_path):
    printed = printed_by("labels_by_csv.py", "run", tmp_path)
    assert re.findall(r"^same \w+: (\w+)$", printed, re.MULTILINE) == ["True", "True"]
    n_labels, n_asked = columns(r"^round \d: (\d+) labels \((\d+) asked", printed)
    assert len(n_labels) == 3
    assert (np.diff(n_labels) > 0).all()
    assert (np.diff(n_labels) <= np.diff(n_asked)).all()
    assert n_labels[-1] - n_labels[0] < n_asked[-1]  # some of them got no answer
    assert {path.name for path in tmp_path.glob("*.csv")} == {
        f"{what}-{number}.csv" for what in ("questions", "answers") for number in (1, 2)
    }


@pytest.mark.slow
def test_r2_hardly_tells_how_a_clone_walks():
    printed = printed_by("search_hyperparameters.py")
    scores, returns = columns(r"^\(.*\) +\S+ +([\d.]+) +(\d+)$", printed)
    assert len(scores) == 6
    assert np.ptp(scores[2:]) < 0.01
    assert returns[2:].max() > 2 * returns[2:].min()


@pytest.mark.slow
def test_a_search_by_return_finds_the_one_that_walks():
    printed = printed_by("search_by_return.py")
    scores, returns = columns(r"^\w+ +\(.*\) +([\d.]+) +(\d+)$", printed)
    assert len(scores) == 4
    assert np.ptp(scores) < 0.01
    assert returns.max() > 2 * returns.min()
    chosen, expert = columns(r"^it earns (\d+) in .* expert (\d+)$", printed)[:, 0]
    assert 0.9 * expert < chosen < 1.1 * expert


@pytest.mark.slow
def test_a_network_takes_the_planners_place():
    printed = printed_by("distill_planner.py", "--rounds", "12", timeout=240)
    plans, returns = columns(r"^ *(\d+) plans: return (-[\d.]+)$", printed)
    assert plans[0] == 100  # two episodes, and then five states of each of ten
    np.testing.assert_array_equal(np.diff(plans), 4 * 50)
    planner, network = columns(r"^\w+ +return (-[\d.]+) \([\d.]+\)$", printed)[0]
    trained = sk.load_expert("Reacher-v5")
    same = {"n_episodes": 10, "random_state": 1000}
    assert planner > sk.evaluate_policy("Reacher-v5", trained, **same).mean()
    assert planner > network > returns[0] / 2
    assert columns(r": (\d+) times as fast$", printed)[0] > 100


@pytest.mark.slow
def test_training_is_watched(tmp_path):
    printed = printed_by("watch_training.py", tmp_path)
    losses, returns = columns(r"^epoch +\d+: loss ([\d.]+), return (\d+)$", printed)
    assert len(losses) == 5
    assert (np.diff(losses) < 0).all()
    assert (np.diff(returns) < 0).any()
    picture = (tmp_path / "watch_training.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


@pytest.mark.slow
def test_an_onnx_file_drives_in_time():
    printed = printed_by("control_loop.py", "--seconds", "1")
    n_cycles, n_late = columns(r"^\w+: (\d+) cycles, (\d+) late$", printed)
    assert n_cycles.tolist() == [1000, 1000]
    assert (n_late <= n_cycles).all()  # how many is the machine's affair
    row = r"^  {}: median (\d+), 99 % (\d+), worst (\d+) µs$"
    for what in ("action", "jitter"):
        median, most, worst = columns(row.format(what), printed)
        assert (median <= most).all()
        assert (most <= worst).all()
    errors = columns(r"^  off the goal: ([\d.]+) mm$", printed)[0]
    expected = columns(r"^controller, simulated: ([\d.]+) mm off$", printed)[0]
    np.testing.assert_allclose(errors, expected[0], rtol=0.1)
    assert abs(errors[0] - errors[1]) <= 0.11  # both files are one policy


@pytest.mark.slow
def test_a_merged_stream_is_as_good_as_one_piece():
    printed = printed_by("stream_normalizer.py")
    whole, merged, naive = columns(r"^\w+ +([\d.]+) +([\d.]+) +(\S+)$", printed)
    assert len(whole) == 3
    np.testing.assert_allclose(merged, whole, atol=1e-5)
    assert np.isnan(naive[0]) or abs(naive[0] - whole[0]) > 0.1 * whole[0]


@pytest.mark.slow
def test_ppo_goes_on_from_a_clone():
    printed = printed_by("ppo_from_a_clone.py", timeout=240)
    expert, clone, warm, *later = columns(r"^.+? +(-\d+) \(\d+\)$", printed)[0]
    assert clone < 2 * expert
    assert warm == clone
    assert min(later) > clone - 100
    assert later[-1] > clone / 2
