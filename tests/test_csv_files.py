"""A log in a CSV file, as ``clone`` reads it."""

import re

import numpy as np
import pytest
from logs import FEW, IDS, LOG, SENSORS, X, Y, refused, write_csv

from skimitate.cli._main import main
from skimitate.datasets._files import read_steps


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_that_say_what_they_are(tmp_path, separator):
    steps = read_steps(write_csv(tmp_path / "log.csv", LOG, separator))
    np.testing.assert_array_equal(steps.observations, X)
    np.testing.assert_array_equal(steps.actions, Y)
    np.testing.assert_array_equal(steps.episode_ids, IDS)


def test_columns_that_are_named(tmp_path):
    path = write_csv(tmp_path / "log.csv", SENSORS)
    steps = read_steps(path, actions=["u"])
    np.testing.assert_array_equal(steps.observations, X)
    assert steps.origin["observations"] == "x, y, angle"
    steps = read_steps(path, actions=["u"], observations=["angle", "x"])
    np.testing.assert_array_equal(steps.observations, X[:, [2, 0]])


OTHERS = {name: np.full(len(X), 9.0) for name in ("next_obs", "obs_next", "next_state")}


@pytest.mark.parametrize(
    ("seen", "done", "others"),
    [
        ("obs_{}", "action", ["", "Unnamed: 0", *OTHERS]),
        ("observation[{}]", "act", ["statement", "activity", "actuator", "obstacle"]),
        ("Observations {}", "Actions", ["episode_length", "reward", "index"]),
        ("state{}", "act 0", ["stateful", "action_next", "statement 2"]),
    ],
)
def test_names_count_as_whole_words(tmp_path, seen, done, others):
    columns = {name: np.full(len(X), 9.0) for name in others}
    columns |= {seen.format(i): X[:, i] for i in range(3)} | {done: Y[:, 0]}
    steps = read_steps(write_csv(tmp_path / "log.csv", columns))
    np.testing.assert_array_equal(steps.observations, X)
    np.testing.assert_array_equal(steps.actions, Y)
    assert steps.episode_ids is None


def test_all_others_are_what_a_sensor_may_have_shown(tmp_path):
    no_sensors = ["", "Unnamed: 0", "index", "Episode", "episode_id", "rew", "return"]
    no_sensors += ["reward_ctrl", "done", "Truncated", "terminal", *OTHERS]
    seen = {"rewinder": X[:, 0], "return line": X[:, 1], "x": X[:, 2]}
    columns = dict.fromkeys(no_sensors, IDS) | seen | {"u": Y[:, 0]}
    path = write_csv(tmp_path / "log.csv", columns)
    steps = read_steps(path, actions=["u"])
    assert steps.origin["observations"] == "rewinder, x"
    assert steps.origin["episode_ids"] == "Episode"
    # Whoever names a column gets it.
    steps = read_steps(path, actions=["u"], observations=["Unnamed: 0", "return line"])
    np.testing.assert_array_equal(steps.observations[:, 0], IDS)


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_name_with_a_comma_in_it(tmp_path, capsys, separator):
    columns = {"force (x, y)": X[:, 0], "angle": X[:, 1], "u": Y[:, 0]}
    path = write_csv(tmp_path / "LOG.CSV", columns, separator)
    options = ["--observations", 'angle, "force (x, y)"', "--actions", "u"]
    assert main(["clone", str(path), *options, *FEW]) == 0
    assert '2 wide: angle, "force (x, y)"\n' in capsys.readouterr().out
    message = refused(capsys, path, "--observations", "force (x, y)", "--actions", "u")
    assert 'the columns are "force (x, y)", angle, u (in ' in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "x,y,u\n1,2,3\n",
            "actions: .*begin with one of actions, .*are x, y, u; --act",
        ),
        ("1,2,3\n4,5,6\n", "expected a header with the names of .* got '1,2,3'"),
        (",\n4,5\n", "expected a header with the names of the columns"),
        ("obs,obs ,act\n1,2,3\n", "expected columns of different names, .* 'obs'$"),
        ("obs,act\n", "expected rows below the header, got none"),
        (
            "obs,act\n1,2\n3,4,5\n",
            "expected 2 cells in line 3, as the header has, got 3",
        ),
        (
            "obs,mode,act\n1,0,2\n\n1,0,fast\n",
            "actions: expected a number in column 'act', line 4, got 'fast'; --act",
        ),
        (
            "obs_h1,obs_h2,act\n1,2,3\n1, ,3\n",
            "observations: missing value in column 'obs_h2', line 3; --observations ",
        ),
        ("obs,act\n1\n", "actions: missing value in column 'act', line 2"),
        (
            "obs,act\n1,2\nnan,2\ninf,3\n",
            "observations: .*finite numbers, got nan in column 'obs', line 3, and 1",
        ),
        ("obs,act,episode\n1,2,\n", "episode_ids: missing value in column 'episode', "),
        ("obs,act\n1,left\n2, \n", "actions: missing value in column 'act', line 3"),
        (
            "obs,act\n1,0.5\n2,left\n",
            "actions: expected a number in column 'act', line 3, got 'left'; --act",
        ),
        pytest.param(
            "obs,act\n1," + 140000 * "2", "expected rows .* in line 2 field", id="long"
        ),
    ],
)
def test_a_csv_file_that_is_not_understood(tmp_path, capsys, content, message):
    path = tmp_path / "log.csv"
    path.write_text(content)
    assert re.match(f"DATA: {path}: {message}", refused(capsys, path))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--actions", "Pump,u"], "--actions: no column Pump; the columns are x, m, u"),
        (["--actions", "u", "--observations", "z"], "--observations: no column z; the"),
        (["--actions", "u", "--episode-ids", "run"], "--episode-ids: no column run; "),
        (
            ["--actions", "u", "--observations", "x,m"],
            "--observations: expected a number in column 'm', line 3, got 'slow'",
        ),
        (
            ["--actions", "u", "--episode-ids", "m"],
            "--episode-ids: missing value in co",
        ),
    ],
)
def test_what_an_option_named_is_told_by_that_option(
    tmp_path, capsys, options, message
):
    path = tmp_path / "log.csv"
    path.write_text("x,m,u\n1,2,3\n4,slow,5\n6,,7\n")
    assert refused(capsys, path, *options).startswith(message)


@pytest.mark.parametrize(
    ("cells", "actions_are", "expected", "are_classes"),
    [
        (["0", " 1", "+2"], None, [0, 1, 2], True),
        (["0", "1", "2"], "numbers", [0, 1, 2], False),
        (["0", "1", "2.0"], None, [0.0, 1.0, 2.0], False),
        (["0", "1", "2.0"], "classes", [0, 1, 2], True),
        (["left", " right ", "left"], None, ["left", "right", "left"], True),
        (["R", "1", "2"], "classes", ["R", "1", "2"], True),
        (["1", "2", "R"], "classes", ["1", "2", "R"], True),
        ([str(2**60), "1", "2"], "numbers", [2.0**60, 1.0, 2.0], False),
    ],
)
def test_actions_are_numbers_or_classes(
    tmp_path, cells, actions_are, expected, are_classes
):
    path = tmp_path / "log.csv"
    path.write_text("obs,act\n" + "".join(f"1,{cell}\n" for cell in cells))
    steps = read_steps(path, actions_are=actions_are)
    assert steps.are_classes == are_classes
    assert steps.actions[:, 0].tolist() == expected
    assert steps.actions.dtype == np.array(expected).dtype


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        (["R", "1"], [], "expected classes for texts such as 'R' and '1', got None"),
        (["n/a", "0.5"], [], "expected classes for texts such as 'n/a' and '0.5', got"),
        (["0.5", "1"], ["classes"], "expected numbers for actions such as 0.5, got"),
        (
            list(map(str, range(21))),
            [],
            "expected numbers or .* whole numbers of 21 va",
        ),
    ],
)
def test_actions_that_are_neither(tmp_path, capsys, cells, options, message):
    path = tmp_path / "log.csv"
    path.write_text("obs,act\n" + "".join(f"1,{cell}\n" for cell in cells))
    given = ["--actions-are", *options] if options else []
    assert re.match(f"--actions-are: {message}", refused(capsys, path, *given))


def test_a_separator_after_the_last_cell_is_no_column(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("obs,act\n1,2,\n\n3,4, \n")
    steps = read_steps(path)
    assert steps.observations.tolist() == [[1], [3]]
    assert steps.actions.tolist() == [[2], [4]]
