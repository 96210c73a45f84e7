"""Files that lie: refused by a ValueError with their path, in no time and memory."""

import io
import json
import os
import pickle
import resource
import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from benches import benchmark_modules

from skimitate import Rollouts, load_demonstrations, load_expert, load_policy
from skimitate.data._bundled import bundled_card, bundled_files, read_card
from skimitate.datasets._files import read_steps
from skimitate.files._durable import write_durably
from skimitate.files._npz import open_npz
from skimitate.files._reading import with_path
from skimitate.studies._stages import StageFolder

with benchmark_modules("fuzz_archives", "fuzz_pickles", "fuzz_targets") as found:
    archives, pickles, targets = (
        found.fuzz_archives,
        found.fuzz_pickles,
        found.fuzz_targets,
    )

EXPERT = pickles.cs294_expert(2)


def refused(read, path, message=None):
    """Hold a reader to a short ValueError with the path; return what it says."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024
    return str(caught.value)


def pairs(levels=60):
    """Pairs that hold the same twice: few bytes, and no end to who looks at all."""
    return b"N" + b"".join(bytes([113, i, 104, i, 134]) for i in range(levels))


@pytest.mark.parametrize(
    ("hostile", "message"),
    [
        (b"Nr" + struct.pack("<I", 3 * 2**27), "a place 402653184 in"),
        (b"Np999999999999\n", "a place 999999999999 in"),
        (b"\x95" + struct.pack("<Q", 2**62) + b"N", "a frame of"),
        (b"\x8e" + struct.pack("<Q", 2**62), "bytes"),
        (b"N" + b"2" * 10_000, "operation DUP"),
        (b"]" * 20_000, "more than 10000 operations"),
        (b"N" + b"\x85" * 100, "nested too deeply"),
        (b"}" + pairs() + b"Ns", "keys are no texts"),
        (b"cnumpy\ndtype\n(" + pairs() + b"K\0K\1tR", "arrays of type"),
        (b"c_codecs\nencode\n" + pairs() + b"\x85R", "no text"),
        (
            b"V" + b"a" * 9_000 + b"\nq\0c_codecs\nencode\nq\1" + b"h\1h\0\x85R" * 9,
            "texts of more bytes",
        ),
        (b"\x8b" + struct.pack("<i", 10**6) + bytes(10**6), "operation LONG4"),
    ],
)
def test_a_pickle_takes_no_more_than_it_has(tmp_path, hostile, message):
    path = tmp_path / "expert.pkl"
    path.write_bytes(b"\x80\2" + hostile + b".")
    refused(load_expert, path, message)
    path.write_bytes(EXPERT[:-1] + b"Vmore\n" + hostile + b"s.")
    refused(load_expert, path, message)


def test_what_a_pickle_shares_is_looked_at_once(tmp_path):
    path = tmp_path / "expert.pkl"
    lists = (
        b"(" * 39
        + b"]q\0"
        + b"".join(bytes([104, i]) * 9 + bytes([108, 113, i + 1]) for i in range(39))
    )
    for shared in (lists, pairs(40)):
        path.write_bytes(EXPERT[:-1] + b"Vmore\n" + shared + b"s.")
        assert load_expert(path).n_features == 4
        path.write_bytes(EXPERT[:-1] + b"Vnonlin_type\n" + shared + b"s.")
        refused(load_expert, path, "nonlin_type in it is no text")
    content = pickle.loads(EXPERT)
    content["itself"] = content
    path.write_bytes(pickle.dumps(content))
    assert load_expert(path).n_features == 4


def test_arrays_of_a_pickle_share_no_bytes(tmp_path):
    content = pickle.loads(EXPERT)
    data = bytes(8_000)

    class Sharing:
        def __reduce__(self):
            made, of = np.zeros(1).__reduce__()[:2]
            return made, of, (1, (1_000,), np.dtype("f8"), False, data)

    content["more"] = [Sharing() for _ in range(100)]
    path = tmp_path / "expert.pkl"
    path.write_bytes(pickle.dumps(content, 4))
    refused(load_expert, path, "arrays of more bytes than its own")


def test_lists_in_the_place_of_arrays_are_refused(tmp_path):
    content = pickle.loads(EXPERT)
    layer = content["GaussianPolicy"]["out"]["AffineLayer"]
    layer["W"] = layer["W"].tolist()
    path = tmp_path / "expert.pkl"
    path.write_bytes(pickle.dumps(content, 2))
    refused(load_expert, path, "W in it is no array, but a list")


def test_a_pickle_of_python_2(tmp_path):
    # Its texts are bytes, which protocol 0 quotes.
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n"
        b"(L1L\ntcnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
        b"I00\nS'\\x00\\x00\\x00\\x00\\x00\\x00\\xf8?'\ntb"
    )
    path = tmp_path / "expert.pkl"
    path.write_bytes(EXPERT[:-1] + b"S'more'\n" + array + b"s.")
    assert load_expert(path).n_features == 4
    path.write_bytes(EXPERT[:-1] + b"S'more'\n" + array.replace(b"f8", b"O8") + b"s.")
    refused(load_expert, path, "arrays of type 'O8'")


def test_a_large_pickle_is_not_read(tmp_path):
    path = tmp_path / "expert.pkl"
    with open(path, "wb") as file:
        file.truncate(2**31)
    refused(load_expert, path, "more than 16 MiB")


ROLLOUTS = {
    "observations": np.zeros((4, 2)),
    "actions": np.zeros((4, 1)),
    "episode_ids": np.array([0, 0, 1, 1]),
    "rewards": np.zeros(4),
    "terminated": np.array([True, False]),
}
NETWORK = {
    "activation": np.array("tanh"),
    "mean": np.zeros(2),
    "scale": np.ones(2),
    "weight_0": np.zeros((2, 1), "f4"),
    "bias_0": np.zeros(1, "f4"),
}
READERS = {
    "rollouts": (Rollouts.load, ROLLOUTS, "observations"),
    "expert": (load_expert, NETWORK, "mean"),
    "steps": (read_steps, ROLLOUTS, "observations"),
}


@pytest.fixture(params=READERS)
def reader(request, tmp_path):
    """What reads npz files, a valid one, and the array in it that is damaged."""
    read, arrays, name = READERS[request.param]
    path = tmp_path / "steps.npz"
    path.write_bytes(archives.packed(arrays))
    read(path)
    return read, path, name


def rewritten(path, name, content, method=zipfile.ZIP_DEFLATED):
    members = archives.members_of(path.read_bytes()) | {f"{name}.npy": content}
    path.write_bytes(archives.archive_of([*members.items()], method))


# MiB of zeros that there are, numbers that the array says to have, and whether the
# archive's directory says the same.
@pytest.mark.parametrize(
    "bomb",
    [
        (1, 12_500_000_000, True),
        (1, 12_500_000_000, False),
        (1, 2**15, False),
        (300, None, True),
        (300, 8, True),
    ],
)
def test_archives_that_unpack_to_much(reader, bomb):
    read, path, name = reader
    members = [*archives.members_of(path.read_bytes()).items()]
    at = [member for member, _ in members].index(f"{name}.npy")
    content = archives.with_bomb(members, at, archives.bomb(name, *bomb))
    assert len(content) < 2**20
    path.write_bytes(content)
    refused(read, path, "unpack to more than|damaged")


def test_many_steps_of_few_bytes_take_not_much_more(tmp_path):
    # A million steps, three bytes each, in a file of four thousand bytes.
    zeros = np.zeros(2**20, np.uint8)
    path = tmp_path / "steps.npz"
    path.write_bytes(archives.packed({"obs": zeros, "acts": zeros, "episode": zeros}))
    assert path.stat().st_size < 2**13
    tracemalloc.start()
    steps = read_steps(path, actions_are="numbers")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(steps.observations) == 2**20
    assert peak < 20 * 2**20


@pytest.mark.parametrize("name", ["actions", "episode_ids", "terminated", "rewards"])
def test_members_that_do_not_fit_are_not_unpacked(tmp_path, name):
    # 100 MiB, which may be read, but there are four steps.
    path = tmp_path / "steps.npz"
    path.write_bytes(archives.packed(ROLLOUTS))
    members = [*archives.members_of(path.read_bytes()).items()]
    at = [member for member, _ in members].index(f"{name}.npy")
    path.write_bytes(
        archives.with_bomb(members, at, archives.bomb(name, 100, None, True))
    )
    refused(Rollouts.load, path, f"{name}: expected")


HEADER = archives.header_of
EIGHT = bytes(range(8))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY\1\0",
        b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1) + bytes(1000),
        archives.npy("(" * 9_000),  # once a MemoryError
        archives.npy("{'descr': '<f8', 'shape': (4, 2"),  # once a TokenError
        archives.npy("__import__('os').system('true')"),
        archives.npy(HEADER("'|O'", "(1,)"), EIGHT),
        archives.npy(HEADER("[('a','<f8')]", "(1,)"), EIGHT),
        archives.npy(HEADER("'<f8'", "(-1,)"), EIGHT),
        archives.npy(HEADER("'<f8'", "(2,)"), EIGHT),
        archives.npy(HEADER("'<f8'", "(1,)"), EIGHT * 2),
        archives.npy(HEADER("'<f8'", "(" + "1, " * 99 + ")"), EIGHT),
        archives.npy(HEADER("'<U0'", "(10000000000,)")),
        archives.npy(HEADER("'<f7'", "(1,)"), EIGHT),
    ],
)
def test_arrays_that_are_damaged(reader, content):
    read, path, name = reader
    rewritten(path, name, content)
    refused(read, path, f"its array '{name}' is damaged or none: ")


@pytest.mark.parametrize(
    "content",
    [
        archives.npy(HEADER("'<U2'", "(1,)"), b"\xff" * 8),
        archives.npy(HEADER("'|b1'", "(8,)"), EIGHT),
        archives.npy(HEADER("'<U0'", "(10000000000,)")),
    ],
)
def test_arrays_of_what_there_is_not(tmp_path, content):
    path = tmp_path / "odd.npz"
    path.write_bytes(archives.archive_of([("odd.npy", content)], 0))
    with (
        pytest.raises(ValueError, match="its array 'odd' is damaged or none: "),
        open_npz(path) as arrays,
    ):
        _ = arrays["odd"]


@pytest.mark.parametrize("dtype", ["c16", "M8[s]", "m8[s]", "S8"])
@pytest.mark.parametrize("name", ["observations", "rewards", "mean", "weight_0"])
def test_what_is_no_number_is_refused(tmp_path, dtype, name):
    arrays, read = (ROLLOUTS, Rollouts.load)
    if name in NETWORK:
        arrays, read = NETWORK, load_expert
    path = tmp_path / "odd.npz"
    odd = np.ones(arrays[name].shape).astype("i8").astype(dtype)
    path.write_bytes(archives.packed(arrays | {name: odd}))
    refused(read, path)


def test_arrays_come_as_they_were_saved(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 6))
    for observations in (values, values[:, ::2], np.asfortranarray(values), values.T):
        for dtype in ("<f8", ">f8", "<f4", "<i2", ">u4", "?"):
            X = observations.astype(dtype)
            others = {"actions": X[:, 0], "episode_ids": np.zeros(len(X), int)}
            path = tmp_path / "steps.npz"
            path.write_bytes(archives.packed({"observations": X, **others}))
            loaded = Rollouts.load(path).observations
            np.testing.assert_array_equal(loaded, X)
            assert loaded.dtype == X.dtype.newbyteorder("=")


def test_archives_that_are_none(reader):
    read, path, name = reader
    whole = path.read_bytes()
    members = archives.members_of(whole)
    encrypted = bytearray(whole)
    for start in (whole.find(b"PK\1\2") + 8, 6):
        encrypted[start] |= 1
    far = bytearray(whole)
    far[-6:-2] = struct.pack("<I", len(whole))  # where the directory lies
    # More than 1 MiB of names.
    many = archives.archive_of([(f"{i:0300}.npy", b"") for i in range(3_500)], 0)
    twice = io.BytesIO(whole)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(twice, "a") as archive,
    ):
        archive.writestr(f"{name}.npy", members[f"{name}.npy"])
    for content in (
        b"",
        whole[:-30],
        whole[40:],
        bytes(encrypted),
        bytes(far),
        many,
        twice.getvalue(),
        archives.archive_of([*members.items()], zipfile.ZIP_BZIP2),
        archives.archive_of([*members.items()], zipfile.ZIP_LZMA),
    ):
        path.write_bytes(content)
        refused(read, path)


@pytest.mark.parametrize("kind", ["rollouts", "expert"])
def test_no_damaged_byte_changes_what_is_read(tmp_path, kind):
    read, arrays, _ = READERS[kind]
    path = tmp_path / "damaged.npz"
    rng = np.random.default_rng(0)
    odd = {
        n: rng.normal(size=a.shape) for n, a in arrays.items() if a.dtype.kind == "f"
    }
    odd |= {"scale": np.ones(2)} if kind == "expert" else {}
    whole = archives.packed(arrays | odd)
    path.write_bytes(whole)
    expected = state_of(read(path))
    n_refused = 0
    for place in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            found = state_of(read(path))
        except ValueError:
            n_refused += 1
        else:
            assert found == expected, place
    assert n_refused > len(whole) / 10


def state_of(thing):
    """What a file says, as text."""
    arrays = thing._columns() if isinstance(thing, Rollouts) else thing.__getstate__()
    return repr({name: np.asarray(array).tolist() for name, array in arrays.items()})


def test_what_a_file_holds_does_not_steer_the_terminal(tmp_path):
    path = tmp_path / "steps.npz"
    path.write_bytes(archives.archive_of([("\x1b[2J\x07.npy", b"")] * 1, 0))
    assert "\x1b" not in refused(Rollouts.load, path, r"\\x1b\[2J")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.concatenate([np.arange(128), [-128]]).astype("i1"), "in order"),
        (np.array([0, 1], dtype="u8"), "in order"),
        (np.array([0, 255], dtype="u1"), "in order"),
    ],
)
def test_numbers_of_episodes_that_only_seem_to_count(ids, message):
    n = len(ids)
    with pytest.raises(ValueError, match=f"episode_ids: .*{message}"):
        Rollouts(np.zeros((n, 1)), np.zeros(n), None, ids)


def policy_file(tmp_path):
    path = tmp_path / "policy.safetensors"
    path.write_bytes(targets._policies(path)[0])
    assert load_policy(path).n_outputs == 2
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    return path, json.loads(data[8 : 8 + length]), data[8 + length :]


def write_policy(path, header, body):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


@pytest.mark.parametrize("length", [0, 1, 2**27, 2**32, 2**63, 2**64 - 1])
def test_policies_with_a_header_that_lies(tmp_path, length):
    path, _, _ = policy_file(tmp_path)
    path.write_bytes(length.to_bytes(8, "little") + path.read_bytes()[8:])
    refused(load_policy, path)


def test_policies_that_say_too_much(tmp_path):
    path, header, body = policy_file(tmp_path)
    metadata = header["__metadata__"]
    described = metadata["skimitate_policy"]
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    for changed in (
        header | {"__metadata__": metadata | {"more": "a" * 5_000_000}},
        header | {str(i): empty for i in range(20_000)},
        header | {"bias_0": header["bias_0"] | {"shape": [2**62, 2**62]}},
        header | {"bias_0": header["bias_0"] | {"data_offsets": [0, 2**40]}},
        b"[" * 100_000,
        b'{"a":' * 50_000,
        *(
            header | {"__metadata__": {"skimitate_policy": text}}
            for text in (
                "[" * 100_000,
                described.replace("{", '{"version": 3, ', 1),
                described.replace('"mean_return": 1.5', '"mean_return": NaN'),
                described.replace('"mean_return": 1.5', '"mean_return": 1e999'),
                described.replace('"mean_return": 1.5', '"mean_return": true'),
                described.replace("[4, 6, 2]", "[4, " + "6, " * 50_000 + "2]"),
            )
        ),
    ):
        write_policy(path, changed, body)
        refused(load_policy, path)


def test_cards_are_read_like_other_files(tmp_path):
    path = tmp_path / "card.json"
    good = json.dumps(bundled_card("demonstrations", "Reacher-v5"))
    path.write_text(good)
    assert read_card(path)["env"] == "Reacher-v5"
    for text in (
        "",
        "[]",
        "[" * 100_000,
        good[:-20],
        good.replace('"env": "Reacher-v5"', '"env": 5'),
        good.replace('"origin"', '"Origin"'),
        good.replace('"target_names": [', '"target_names": [[], '),
        good.replace("{", '{"env": "Hopper-v5", ', 1),
    ):
        path.write_text(text)
        refused(read_card, path, "expected a card")
    many = ", ".join(f'"{i}": 0' for i in range(100_000))
    path.write_text(f'{{{many}, "99999": 1}}')
    refused(read_card, path, "two entries '99999'")
    with open(path, "wb") as file:
        file.truncate(2**31)
    refused(read_card, path, "more than 16 MiB")
    path.write_bytes(b"\xff\xfe")
    refused(read_card, path, "expected a card")


def test_a_damaged_index_of_stages_is_told(tmp_path, capsys):
    entry = {"setting": {}, "seconds": 1.0, "sha256": {}}
    for text in ("[" * 100_000, json.dumps({"BC": entry | {"seconds": "1"}}), "[1]"):
        (tmp_path / "stages.json").write_text(text)
        assert StageFolder(tmp_path).seconds == {}
        assert "is damaged" in capsys.readouterr().out
    (tmp_path / "stages.json").write_text(json.dumps({"BC": entry}))
    assert StageFolder(tmp_path).seconds == {"BC": 1.0}


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    refused(Rollouts.load, tmp_path / "pipe.npz", "no regular file")
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        Rollouts.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"missing\.npz"):
        Rollouts.load(tmp_path / "missing.npz")
    with pytest.raises(FileNotFoundError, match=r"missing\.npz"):
        load_expert(tmp_path / "missing.npz")


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no device here is always full")
def test_a_full_disk_names_the_path():
    rollouts = Rollouts(np.zeros((4, 2)), np.zeros(4), None, np.zeros(4, int))
    for save in (
        rollouts.save,
        lambda path: rollouts.save(path, compress=False),
        load_expert("Reacher-v5").save,
    ):
        with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
            save(FULL)
    assert stat.S_ISCHR(FULL.stat().st_mode), "the device is one still"


def test_a_save_that_fails_leaves_what_was_there(tmp_path):
    rollouts = Rollouts(np.zeros((4, 2)), np.zeros(4), None, np.zeros(4, int))
    path, link = tmp_path / "steps.npz", tmp_path / "link.npz"
    rollouts.save(path)
    link.symlink_to(path)

    def fail(part):
        part.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=f"'{path}'"):
        write_durably(path, fail)
    assert Rollouts.load(path) == rollouts
    longer = rollouts + rollouts
    longer.save(link)
    assert link.is_symlink()
    assert Rollouts.load(path) == longer
    assert {file.name for file in tmp_path.iterdir()} == {"steps.npz", "link.npz"}
    with pytest.raises(FileNotFoundError, match=r"nowhere/steps\.npz'"):
        rollouts.save(tmp_path / "nowhere" / "steps.npz")


def test_errors_of_the_system_keep_their_kind():
    error = with_path(PermissionError(13, "Permission denied"), "a.npz")
    assert type(error) is PermissionError
    assert error.filename == "a.npz"


def test_bundled_files_are_within_the_bounds():
    for name in bundled_files("demonstrations"):
        assert load_demonstrations(name).data.size
