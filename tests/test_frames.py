"""Rollouts from data frames of several libraries, and back."""

import re
import sys
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv, parquet

from skimitate import BehaviorCloner, Rollouts

WHO = {"observations": ["angle", "speed"], "actions": "torque", "episode": "run"}
LOG = {
    "run": ["a", "a", "a", "b", "b"],
    "angle": [0.1, 0.2, 0.3, 0.4, 0.5],
    "speed": [1.0, 2.0, 3.0, 4.0, 5.0],
    "torque": [-1.0, -0.5, 0.0, 0.5, 1.0],
    "earned": [1, 2, 3, 4, 5],
    "over": [False, False, True, False, False],
}


class Stream:
    """A frame that nobody knows, with Arrow's C stream."""

    def __init__(self, columns):
        self._table = pa.table(columns)

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class Protocol:
    """A frame that nobody knows, with the dataframe interchange protocol."""

    def __init__(self, columns):
        self._table = pa.table(columns)

    def __dataframe__(self, nan_as_null=False, allow_copy=True):
        return self._table.__dataframe__(nan_as_null, allow_copy)


def chunked(columns):
    """An Arrow table whose columns lie in two pieces, as those of large files do."""
    table = pa.table(columns)
    return pa.concat_tables([table.slice(0, 2), table.slice(2)])


def record_batch(columns):
    return pa.table(columns).to_batches()[0]


def arrow_backed(columns):
    return pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)


KINDS = [
    pd.DataFrame,
    pl.DataFrame,
    pa.table,
    dict,
    Stream,
    Protocol,
    chunked,
    record_batch,
    arrow_backed,
]


def expected(**more):
    return Rollouts(
        observations=np.column_stack([LOG["angle"], LOG["speed"]]),
        actions=np.array(LOG["torque"])[:, None],
        episode_ids=np.array([0, 0, 0, 1, 1]),
        feature_names=("angle", "speed"),
        **{"rewards": None} | more,
    )


@pytest.mark.parametrize("make", KINDS)
def test_every_kind_of_frame_gives_the_same(make):
    assert Rollouts.from_frame(make(LOG), **WHO) == expected()


@pytest.mark.parametrize("make", KINDS)
def test_what_else_is_known_of_the_steps(make):
    found = Rollouts.from_frame(
        make(LOG),
        **WHO,
        rewards="earned",
        terminated="over",
        truncated="over",
        is_success="over",
    )
    flags = np.array([True, False])
    assert found == expected(
        rewards=np.arange(1.0, 6.0), terminated=flags, truncated=flags, is_success=flags
    )


LISTS = {
    "episode_index": [0, 0, 1],
    "observation": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]],
    "action": [[0.5, 0.25, 0.0], [0.0, 0.5, 0.25], [1.0, 0.0, 0.5]],
}


def fixed_lists(columns):
    schema = pa.schema(
        [
            ("episode_index", pa.int64()),
            ("observation", pa.list_(pa.float64(), 2)),
            ("action", pa.list_(pa.float64(), 3)),
        ]
    )
    return pa.table(columns, schema)


def polars_arrays(columns):
    return pl.DataFrame(columns, {"observation": pl.Array(pl.Float64, 2)}, strict=False)


def objects(columns):
    """pandas as it reads Parquet: with arrays in the cells."""
    return pa.table(columns).to_pandas()


@pytest.mark.parametrize(
    "make",
    [
        pd.DataFrame,
        pl.DataFrame,
        pa.table,
        Stream,
        fixed_lists,
        objects,
        lambda columns: chunked(columns),
        lambda columns: fixed_lists(columns).slice(0),
        lambda columns: pl.DataFrame(
            columns,
            {
                "episode_index": pl.Int64,
                "observation": pl.Array(pl.Float64, 2),
                "action": pl.List(pl.Float64),
            },
        ),
    ],
)
def test_columns_of_lists(make):
    found = Rollouts.from_frame(
        make(LISTS),
        observations="observation",
        actions="action",
        episode="episode_index",
    )
    np.testing.assert_array_equal(found.observations, LISTS["observation"])
    np.testing.assert_array_equal(found.actions, LISTS["action"])
    assert found.lengths.tolist() == [2, 1]
    assert found.feature_names == ("observation[0]", "observation[1]")


def test_a_part_of_a_table_is_not_read_with_what_lies_beside_it():
    rows = fixed_lists(LISTS).slice(1, 2)
    found = Rollouts.from_frame(
        rows, observations="observation", actions="action", episode="episode_index"
    )
    np.testing.assert_array_equal(found.observations, LISTS["observation"][1:])


def test_float32_stays_and_whole_numbers_are_classes():
    frame = pl.DataFrame(
        {"e": [0, 0], "x": [0.5, 1.5], "button": [2, 0], "lever": [1, 1]},
        {"e": pl.Int8, "x": pl.Float32, "button": pl.UInt8, "lever": pl.Int64},
    )
    one = Rollouts.from_frame(frame, observations="x", actions="button", episode="e")
    assert one.observations.dtype == np.float32
    assert one.actions.dtype == np.int64
    np.testing.assert_array_equal(one.actions, [2, 0])
    two = Rollouts.from_frame(
        frame, observations="x", actions=["button", "lever"], episode="e"
    )
    np.testing.assert_array_equal(two.actions, [[2, 1], [0, 1]])


def test_names_may_be_numbers_or_an_index():
    frame = pd.DataFrame(np.arange(12.0).reshape(4, 3))
    frame["run"] = 7
    found = Rollouts.from_frame(
        frame, observations=frame.columns[:2], actions=2, episode=None
    )
    assert found.feature_names == ("0", "1")
    np.testing.assert_array_equal(found.actions[:, 0], frame[2])
    assert found.n_episodes == 1
    one, other = (
        Rollouts.from_frame(frame, observations=name, actions=2, episode="run")
        for name in (1, np.int64(1))
    )
    assert one == other


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_back_and_forth(library):
    rollouts = expected(
        rewards=np.arange(5.0),
        terminated=np.array([True, False]),
        truncated=np.array([False, True]),
        is_success=np.array([False, True]),
    )
    frame = rollouts.to_frame(library=library)
    assert type(frame).__module__.split(".")[0] == library
    again = Rollouts.from_frame(
        frame,
        observations=["angle", "speed"],
        actions="action_0",
        episode="episode",
        rewards="reward",
        terminated="terminated",
        truncated="truncated",
        is_success="is_success",
    )
    assert again == rollouts


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 12), max_size=4),
    n_steps=st.integers(1, 15),
)
def test_pieces_are_put_together_whatever_their_bounds(lengths, cuts, n_steps):
    ids = np.repeat(np.arange(len(lengths)), lengths)
    rows = np.arange(len(ids), dtype=float)
    frame = pd.DataFrame({"e": ids + 10, "x": rows, "u": -rows})
    names = {"observations": "x", "actions": "u", "episode": "e"}
    bounds = [0, *sorted(min(cut, len(ids)) for cut in cuts), len(ids)]
    pieces = [frame[a:b] for a, b in pairwise(bounds)]
    chunks = list(Rollouts.iter_frames(pieces, n_steps=n_steps, **names))
    assert sum(chunks) == Rollouts.from_frame(frame, **names)
    assert all(len(chunk) >= n_steps for chunk in chunks[:-1])
    # The last episode of a chunk is what filled it.
    assert all(len(c) - c.lengths[-1] < n_steps for c in chunks)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, dict])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"observations": ["angle", "sped"]},
            "observations: expected the name of a column, got 'sped'; the columns are "
            "'run', 'angle', 'speed', 'torque', 'earned', 'over'",
        ),
        ({"episode": "episodes"}, "episode: expected the name of a column"),
        ({"rewards": "reward"}, "rewards: expected the name of a column"),
        ({"observations": []}, "observations: expected at least one column, got none"),
        (
            {"observations": ["angle", "angle"]},
            "observations: expected each column once, got 'angle' twice",
        ),
        (
            {"actions": "speed"},
            "actions: expected columns of its own, got 'speed', which is named by "
            "observations too",
        ),
        ({"actions": "run"}, "actions: expected columns of its own, got 'run'"),
        (
            {"observations": ["run"], "episode": None},
            "observations: expected numbers, or lists of as many numbers each, in "
            "column 'run', got",
        ),
        ({"terminated": "earned"}, "terminated: expected True and False"),
    ],
)
def test_columns_that_are_not_what_was_asked_for(make, changed, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Rollouts.from_frame(make(LOG), **WHO | changed)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, chunked])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"angle": [0.1, 0.2, None, 0.4, 0.5]}, "observations: .*'angle'.* in row 2"),
        ({"angle": [0.1, np.nan, 0, 0, 0]}, "observations: .*'angle'.* row 1"),
        (
            {"torque": [0.0, 0.0, 0.0, np.inf, 0.0]},
            "actions: .*'torque', got inf in row 3",
        ),
        ({"run": ["a", None, "a", "b", "b"]}, "episode: .*'run', got none in row 1"),
        (
            {"run": ["a", "a", "b", "a", "b"]},
            "episode: expected the rows of each episode together, got row 3 of a after "
            "those of others: sort the frame by 'run' first",
        ),
        ({"over": [True, False, True, False, False]}, "terminated: expected True at"),
        ({"angle": list("abcde")}, "observations: expected numbers"),
    ],
)
def test_values_that_are_none(make, changed, message):
    with pytest.raises(ValueError, match=message):
        Rollouts.from_frame(make(LOG | changed), **WHO, terminated="over")


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_lists_of_several_lengths(make):
    frame = make({"e": [0, 0], "x": [[1.0], [1.0, 2.0]], "u": [0.5, 0.5]})
    with pytest.raises(ValueError, match=r"observations: .*'x', got lists of the len"):
        Rollouts.from_frame(frame, observations="x", actions="u", episode="e")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, "two", 3], "got 'two'"),
        ([Decimal(1)] * 3, "got Decimal"),
        ([1 + 2j] * 3, "got complex"),
        (pd.to_datetime(["2026-01-01"] * 3), "got datetime64"),
        (pd.array([1, None, 3], dtype="Int64"), "got none in row 1"),
        ([{"a": 1}] * 3, "got {'a': 1}"),
    ],
)
def test_other_types_of_pandas(values, message):
    frame = pd.DataFrame({"e": 0, "x": values, "u": [0.5] * 3})
    with pytest.raises(ValueError, match=f"observations: .*'x', {re.escape(message)}"):
        Rollouts.from_frame(frame, observations="x", actions="u", episode="e")


@pytest.mark.parametrize(
    "values",
    [
        pl.Series("x", [{"a": 1}] * 3),
        pl.Series("x", np.ones((3, 2, 2))),
        pl.Series("x", ["2026-01-01"] * 3).str.to_date(),
    ],
)
def test_other_types_of_polars(values):
    frame = pl.DataFrame({"e": [0] * 3, "u": [0.5] * 3}).with_columns(values)
    with pytest.raises(ValueError, match=r"observations: .*column 'x', got"):
        Rollouts.from_frame(frame, observations="x", actions="u", episode="e")


def test_types_with_gaps_that_have_none():
    types = {
        "run": "category",
        "angle": "Float64",
        "earned": "Int64",
        "over": "boolean",
    }
    frame = pd.DataFrame(LOG).astype(types)
    found = Rollouts.from_frame(frame, **WHO, rewards="earned", is_success="over")
    assert found == expected(
        rewards=np.arange(1.0, 6.0), is_success=np.array([True, False])
    )


def test_names_of_episodes_may_be_coded():
    table = pa.table(pl.DataFrame(LOG))
    coded = table.set_column(0, "run", table["run"].dictionary_encode())
    assert Rollouts.from_frame(coded, **WHO) == expected()
    categories = pl.DataFrame(LOG).with_columns(pl.col("run").cast(pl.Categorical))
    assert Rollouts.from_frame(categories, **WHO) == expected()


def test_columns_of_several_lengths():
    with pytest.raises(
        ValueError, match=r"observations: .*'speed', got shape \(4,\) f"
    ):
        Rollouts.from_frame(LOG | {"speed": [1.0] * 4}, **WHO)


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table])
def test_gaps_in_lists(make):
    frame = make({"e": [0, 0], "x": [[1.0, 2.0], [None, 2.0]], "u": [0.5, 0.5]})
    with pytest.raises(ValueError, match=r"observations: .*'x'.* in row 1"):
        Rollouts.from_frame(frame, observations="x", actions="u", episode="e")


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, chunked])
def test_a_frame_without_rows(make):
    frame = make(LOG)
    with pytest.raises(ValueError, match="frame: expected at least one row, got none"):
        Rollouts.from_frame(frame[:0] if make is not chunked else frame.slice(9), **WHO)


def test_no_pieces():
    with pytest.raises(ValueError, match="frame: expected at least one row, got none"):
        list(Rollouts.iter_frames([], **WHO))


@pytest.mark.parametrize("n_steps", [0, 1.5, True])
def test_a_number_of_steps_is_looked_at_at_once(n_steps):
    with pytest.raises((ValueError, TypeError), match="n_steps: expected a positive"):
        Rollouts.iter_frames([LOG], n_steps=n_steps, **WHO)


def test_two_columns_of_one_name():
    frame = pd.DataFrame(LOG).rename(columns={"earned": "speed"})
    with pytest.raises(ValueError, match="expected one column 'speed', got 2"):
        Rollouts.from_frame(frame, **WHO)
    for names in (
        ["run", "angle", "speed", "speed", "x", "y"],
        ["speed"] * 2 + [*"abcd"],
    ):
        table = pa.table(LOG).rename_columns(names)
        with pytest.raises(ValueError, match="expected one column 'speed', got 2"):
            Rollouts.from_frame(table, **WHO | {"observations": "speed"})


def test_pieces_that_differ():
    pieces = [
        {"e": [0], "x": [[1.0, 2.0]], "u": [0.5]},
        {"e": [1], "x": [[1.0, 2.0]], "u": [1]},
    ]
    names = {"observations": "x", "actions": "u", "episode": "e"}
    with pytest.raises(ValueError, match="actions: expected numbers as in the frames"):
        list(Rollouts.iter_frames(map(pa.table, pieces), **names))
    pieces[1] |= {"x": [[1.0, 2.0, 3.0]], "u": [0.5]}
    with pytest.raises(ValueError, match="observations: expected 2 columns as in the"):
        list(Rollouts.iter_frames(map(pa.table, pieces), **names))


def test_pieces_whose_episodes_change_their_type():
    pieces = [
        pd.DataFrame({"e": e, "x": [0.1, 0.2], "u": [0.5, 0.5]})
        for e in ([1, 2], ["2", "left"])
    ]
    names = {"observations": "x", "actions": "u", "episode": "e"}
    with pytest.raises(ValueError, match="episode: expected numbers as in the frames"):
        list(Rollouts.iter_frames(pieces, **names))
    with pytest.raises(ValueError, match="episode: expected names as in the frames"):
        list(Rollouts.iter_frames(pieces[::-1], **names))


@pytest.mark.parametrize(
    "frames", [pd.DataFrame(LOG), pl.DataFrame(LOG), pa.table(LOG), LOG, None, "a.csv"]
)
def test_a_frame_is_not_the_pieces_of_one(frames):
    with pytest.raises(TypeError, match=r"^frames: expected an iterable of data fr"):
        Rollouts.iter_frames(frames, **WHO)


def test_a_reader_of_batches_is():
    table = pa.table(LOG)
    batches = table.to_batches(max_chunksize=2)
    reader = pa.RecordBatchReader.from_batches(table.schema, batches)
    assert list(Rollouts.iter_frames(reader, **WHO)) == [expected()]


@pytest.mark.parametrize("frame", [pd.Series([1.0]), pl.Series([1.0])])
def test_a_single_column_is_no_frame(frame):
    with pytest.raises(TypeError, match=r"frame: expected a data frame, .* a Series"):
        Rollouts.from_frame(frame, **WHO)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"angle": np.ma.array([1.0, 2, 3, 4, 5], mask=[0, 1, 0, 0, 0])},
            "observations: .*'angle', got none in row 1",
        ),
        ({"run": ["a", "a", None, "b", "b"]}, "episode: .*'run', got none in row 2"),
        (
            {"run": np.array(["2026-01-01"] * 4 + ["NaT"], dtype="datetime64[D]")},
            "episode: .*'run', got none in row 4",
        ),
        ({"torque": 0.5}, "actions: .*'torque', got shape .* for 5 rows"),
        ({"angle": 0.5}, "observations: .*'angle', got shape .* for 1 rows"),
        (
            {"angle": torch.ones(5, requires_grad=True)},
            "observations: .*'angle', got what is not read: .*requires grad",
        ),
    ],
)
def test_gaps_and_oddities_of_a_dict(changed, message):
    with pytest.raises(ValueError, match=message):
        Rollouts.from_frame(dict(sorted((LOG | changed).items())), **WHO)


def test_types_that_numpy_has_not():
    frame = pl.DataFrame(LOG).with_columns(pl.col("torque").cast(pl.Int128))
    with pytest.raises(ValueError, match=r"actions: .*'torque', got what is not read"):
        Rollouts.from_frame(frame, **WHO)
    maps = pa.array([[("x", 1.0)]] * 5, pa.map_(pa.string(), pa.float64()))
    with pytest.raises(ValueError, match=r"observations: .*'map', got what is"):
        Rollouts.from_frame(
            pa.table(LOG | {"map": maps}), **WHO | {"observations": "map"}
        )


def test_classes_too_large_to_be_counted():
    frame = LOG | {"torque": np.array([0, 1, 2, 3, 2**63], dtype=np.uint64)}
    message = "episode b: actions: expected classes up to 9223372036854775807, got 9"
    with pytest.raises(ValueError, match=message):
        Rollouts.from_frame(frame, **WHO)


@pytest.mark.parametrize("make", [pd.DataFrame, dict])
@pytest.mark.parametrize(
    ("parameter", "names", "odd"),
    [
        ("episode", ["run", "over"], r"\['run', 'over'\]"),
        ("rewards", ["earned"], r"\['earned'\]"),
        ("observations", [["angle"], "speed"], r"\['angle'\]"),
    ],
)
def test_lists_in_the_place_of_names(make, parameter, names, odd):
    message = f"^{parameter}: expected the name of a column, got {odd}"
    with pytest.raises(TypeError, match=message):
        Rollouts.from_frame(make(LOG), **WHO | {parameter: names})


@pytest.mark.parametrize("frame", [[1, 2], "log.csv", np.zeros((3, 2)), None])
def test_what_is_no_frame(frame):
    with pytest.raises(TypeError, match="frame: expected a data frame of pandas"):
        Rollouts.from_frame(frame, **WHO)


def test_a_lazy_frame_is_not_read_in_secret():
    with pytest.raises(TypeError, match=re.escape("frame.collect()")):
        Rollouts.from_frame(pl.LazyFrame(LOG), **WHO)


def test_names_that_are_none():
    with pytest.raises(TypeError, match="observations: expected the name of a column"):
        Rollouts.from_frame(LOG, **WHO | {"observations": 1.5})


def test_a_library_that_nobody_knows():
    with pytest.raises(ValueError, match="library: expected one of pandas, polars, py"):
        expected().to_frame(library="dask")


def test_a_feature_that_is_called_as_another_column():
    frame = LOG | {"reward": LOG["speed"]}
    rollouts = Rollouts.from_frame(
        frame, **WHO | {"observations": ["angle", "reward"]}, rewards="earned"
    )
    with pytest.raises(ValueError, match=r"feature_names: .* 'reward' twice"):
        rollouts.to_frame()


def test_numbers_too_large_for_a_network_are_kept_and_refused_by_it():
    frame = LOG | {"torque": [1e300, 0.0, 0.0, 0.0, 0.0]}
    demos = Rollouts.from_frame(frame, **WHO)
    assert demos.actions[0, 0] == 1e300
    with pytest.raises(ValueError, match="y"):
        BehaviorCloner(max_iter=1, normalize=False).fit(
            demos.observations, demos.actions
        )


def test_files_come_through_their_readers(tmp_path):
    parquet.write_table(pa.table(LOG), tmp_path / "log.parquet")
    pd.DataFrame(LOG).to_csv(tmp_path / "log.csv", index=False)
    frames = [
        pd.read_csv(tmp_path / "log.csv"),
        pd.read_parquet(tmp_path / "log.parquet"),
        pl.read_csv(tmp_path / "log.csv"),
        pl.read_parquet(tmp_path / "log.parquet"),
        csv.read_csv(tmp_path / "log.csv"),
        parquet.read_table(tmp_path / "log.parquet"),
    ]
    for frame in frames:
        assert Rollouts.from_frame(frame, **WHO) == expected()
    batches = parquet.ParquetFile(tmp_path / "log.parquet").iter_batches(2)
    (one,) = Rollouts.iter_frames(batches, **WHO)
    assert one == expected()
    with pd.read_csv(tmp_path / "log.csv", chunksize=2) as pieces:
        first, second = Rollouts.iter_frames(pieces, n_steps=2, **WHO)
    assert first + second == expected()


def test_without_the_libraries(monkeypatch):
    frame, unknown, rollouts = pl.DataFrame(LOG), Stream(LOG), expected()
    for name in ("pandas", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    assert Rollouts.from_frame(frame, **WHO) == rollouts
    with pytest.raises(ImportError, match=r"frame: .*Stream: pip install pyarrow"):
        Rollouts.from_frame(unknown, **WHO)
    with pytest.raises(ImportError, match=r"library: .*: pip install pandas"):
        rollouts.to_frame()
    assert rollouts.to_frame(library="polars").columns[1:3] == ["angle", "speed"]
