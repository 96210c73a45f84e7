"""Stages: what is finished is not done again, and nothing else counts as finished."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import skimitate
from skimitate import BehaviorCloner, Rollouts
from skimitate.files._durable import check_writable, write_durably
from skimitate.files._leftovers import sweep
from skimitate.files._lock import FolderInUse, FolderLock
from skimitate.studies._machine import code_checksum
from skimitate.studies._stages import StageFolder

SETTING = {"seed": 0, "versions": {"numpy": "1"}}


class Work:
    """Something to do, that counts how often it is done."""

    def __init__(self, *made):
        self.made = made
        self.n_times = 0

    def __call__(self):
        self.n_times += 1
        return self.made


def do(folder, work, setting=SETTING, names=("numbers.json",)):
    return StageFolder(folder).do("work", names, setting, work)


@pytest.fixture
def rollouts():
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(6, 2))
    return Rollouts(steps, steps[:, :1], steps[:, 1], np.array([0, 0, 0, 1, 1, 1]))


def test_a_finished_stage_is_not_done_again(tmp_path, capsys):
    work = Work([1.5, 2.0])
    assert do(tmp_path / "new" / "folder", work) == ([1.5, 2.0],)
    assert do(tmp_path / "new" / "folder", work) == ([1.5, 2.0],)
    assert work.n_times == 1
    assert "work: kept from before" in capsys.readouterr().out


def test_every_format_comes_back_as_it_was(tmp_path, rollouts):
    cloner = BehaviorCloner(max_iter=2, random_state=0)
    cloner.fit(rollouts.observations, rollouts.actions)
    names = ("steps.npz", "cloner.joblib", "numbers.json")
    work = Work(rollouts, cloner, [{"epoch": 1, "loss": 0.5}])
    do(tmp_path, work, names=names)
    steps, again, numbers = do(tmp_path, work, names=names)
    assert work.n_times == 1
    np.testing.assert_array_equal(steps.observations, rollouts.observations)
    X = rollouts.observations
    np.testing.assert_array_equal(again.predict(X), cloner.predict(X))
    assert numbers == [{"epoch": 1, "loss": 0.5}]


def test_another_setting_is_another_stage(tmp_path):
    work = Work(1)
    do(tmp_path, work)
    do(tmp_path, work, SETTING | {"seed": 1})
    assert work.n_times == 2
    do(tmp_path, work, SETTING | {"seed": 1})
    assert work.n_times == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "index cut", "index odd"])
def test_what_is_damaged_is_done_again(tmp_path, capsys, damage):
    work = Work(list(range(100)))
    do(tmp_path, work)
    file, index = tmp_path / "numbers.json", tmp_path / "stages.json"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:50])
    elif damage == "changed":
        file.write_text(file.read_text().replace("7", "8"))
    elif damage == "gone":
        file.unlink()
    elif damage == "index cut":
        index.write_text(index.read_text()[:30])
    else:
        index.write_text(json.dumps({"work": {"setting": SETTING}}))
    assert do(tmp_path, work) == (list(range(100)),)
    assert work.n_times == 2
    assert "done again" in capsys.readouterr().out
    do(tmp_path, work)
    assert work.n_times == 2


def test_an_interruption_leaves_the_other_stages_and_no_litter(tmp_path):
    work = Work(1)
    stages = StageFolder(tmp_path)
    stages.do("work", ["numbers.json"], SETTING, work)

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stages.do("more", ["more.json"], SETTING, interrupted)
    with pytest.raises(TypeError):
        stages.do("odd", ["odd.json"], SETTING, Work(object()))
    do(tmp_path, work)
    assert work.n_times == 1
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"numbers.json", "stages.json"}


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_text("old")

    def fail(part):
        assert part.suffix == ".mp4"
        part.write_text("half")
        raise RuntimeError("no more disk")

    with pytest.raises(RuntimeError, match="no more disk"):
        write_durably(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_checksum_is_that_of_what_was_written_itself(tmp_path, monkeypatch):
    """Another process may replace a file as soon as it is in its place."""
    path = tmp_path / "numbers.json"
    replace = os.replace

    def overtaken(part, place):
        replace(part, place)
        Path(place).write_text("[3]")

    monkeypatch.setattr(os, "replace", overtaken)
    checksum = write_durably(path, lambda part: part.write_text("[2]"))
    assert path.read_text() == "[3]"
    assert checksum == hashlib.sha256(b"[2]").hexdigest()


def test_a_link_still_leads_to_what_was_written(tmp_path):
    link = tmp_path / "latest.json"
    link.symlink_to(tmp_path / "first.json")
    write_durably(link, lambda part: part.write_text("[1]"))
    assert link.is_symlink()
    assert (tmp_path / "first.json").read_text() == "[1]"


KILLED_WHILE_IT_WRITES = """
import os, signal, sys
from pathlib import Path
from skimitate.files._durable import write_durably

def write(part):
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

write_durably(Path(sys.argv[1]), write)
"""


def test_what_a_killed_process_half_wrote_goes_when_the_folder_is_opened(tmp_path):
    killed = [sys.executable, "-c", KILLED_WHILE_IT_WRITES, tmp_path / "all.npz"]
    assert subprocess.run(killed, check=False).returncode == -signal.SIGKILL
    assert [path.name.endswith("-all.npz") for path in tmp_path.iterdir()] == [True]
    StageFolder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_others_write_is_left_alone(tmp_path):
    others = [f".skimitate-{os.getppid()}-all.npz", ".12-notes.txt", "all.npz"]
    for name in others:
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


KILLED_AT_WORK = """
import os, signal, sys
from pathlib import Path
import numpy as np
from joblib import Parallel, delayed
from skimitate.files._lock import FolderLock
from skimitate.studies._stages import StageFolder

def die(numbers):
    os.killpg(0, signal.SIGKILL)

with FolderLock(Path(sys.argv[1]), "out"):
    StageFolder(Path(sys.argv[1]))
    Parallel(2, max_nbytes=10)(delayed(die)(np.ones(100)) for _ in range(2))
"""


def shared_by(pid):
    shared = Path("/dev/shm")
    yield from shared.glob(f"joblib_memmapping_folder_{pid}_*")
    yield from shared.glob(f"sem.loky-{pid}-*")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no /dev/shm")
def test_what_workers_shared_goes_with_the_next_run_in_the_folder(tmp_path):
    killed = [sys.executable, "-c", KILLED_AT_WORK, tmp_path]
    with subprocess.Popen(killed, start_new_session=True) as job:
        assert job.wait(timeout=60) == -signal.SIGKILL
    assert [*shared_by(job.pid)] != []
    with FolderLock(tmp_path, "out"):
        assert [*shared_by(job.pid)] == []


def dead_process():
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as job:
        return job.pid


def test_arrays_of_killed_processes_go_those_of_others_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path / "shared"))
    folders = [
        tmp_path / "shared" / f"joblib_memmapping_folder_{pid}_1_2"
        for pid in (dead_process(), os.getpid(), os.getppid())
    ]
    (tmp_path / "run").mkdir()
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "array.pkl").touch()
        pid = folder.name.split("_")[3]
        (tmp_path / "run" / f".skimitate-{pid}-lock").touch()
    sweep(tmp_path / "run")
    assert [folder.exists() for folder in folders] == [False, True, True]


def test_who_is_at_work_in_a_folder_says_so_until_it_leaves(tmp_path):
    def marks():
        return [path.name for path in tmp_path.glob(f".skimitate-{os.getpid()}-*")]

    with FolderLock(tmp_path, "out"):
        (tmp_path / f".skimitate-{os.getpid()}-all.npz").touch()  # of one before
        StageFolder(tmp_path)
        assert len(marks()) == 1
    assert marks() == []


HOLDING = """
import sys
from pathlib import Path
from skimitate.files._lock import FolderLock

with FolderLock(Path(sys.argv[1]), "out"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_one_processs_until_it_ends_or_is_killed(tmp_path):
    folder = tmp_path / "new" / "run"
    holding = [sys.executable, "-c", HOLDING, folder]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(holding, **pipes) as holder:
        try:
            assert holder.stdout.readline() == b"held\n"
            with (
                pytest.raises(FolderInUse, match=r"^out: .*run, where.*its own$"),
                FolderLock(folder, "out"),
            ):
                raise AssertionError("two have it")
        finally:
            holder.kill()
    with FolderLock(folder, "out"):
        assert folder.is_dir()
    with FolderLock(folder, "out"), pytest.raises(FolderInUse), FolderLock(folder, "x"):
        raise AssertionError("two have it")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        check_writable(tmp_path / "file" / "folder", "out")


def test_a_stage_that_was_dropped_is_done_again_only_if_it_is_needed(tmp_path, capsys):
    work = Work(list(range(100)))
    stages = StageFolder(tmp_path)
    stages.do("work", ["numbers.json"], SETTING, work)
    stages.drop("work", ["numbers.json"])
    stages.drop("nothing", ["nothing.json"])
    assert [path.name for path in tmp_path.iterdir()] == ["stages.json"]
    assert StageFolder(tmp_path).seconds == stages.seconds
    assert do(tmp_path, work) == (list(range(100)),)
    assert work.n_times == 2
    assert "work: done again" in capsys.readouterr().out
    do(tmp_path, work)
    assert work.n_times == 2
    StageFolder(None).drop("work", ["numbers.json"])


def test_without_a_folder_nothing_is_kept():
    work = Work(1)
    stages = StageFolder(None)
    assert stages.do("work", ["numbers.json"], SETTING, work) == (1,)
    assert stages.seconds["work"] >= 0


def test_the_checksum_covers_all_of_the_code(tmp_path):
    package = tmp_path / "skimitate"
    shutil.copytree(
        Path(skimitate.__file__).parent,
        package,
        ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.c"),
    )
    before = code_checksum(package)
    assert before == code_checksum()
    kernel = package / "kernels" / "vector_math.h"
    trainer = package / "cloning" / "_trainer.py"
    seen = {before}
    for path in (kernel, trainer):
        path.write_text(path.read_text() + "\n")
        code_checksum.cache_clear()
        seen.add(code_checksum(package))
    trainer.rename(package / "cloning" / "_coach.py")
    code_checksum.cache_clear()
    seen.add(code_checksum(package))
    assert len(seen) == 4
