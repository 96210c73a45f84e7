"""The command line as a process: where it finds modules, and how it ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

from skimitate.environments._interrupts import children_spared_interrupts

MODULE = """
import time

import gymnasium
import numpy as np

class Wage(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Box(-1, 1, (1,))

    def __init__(self, wage, n_steps=3):
        self.wage, self.n_steps = wage, n_steps

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self.np_random.uniform(-1, 1, 2).astype(np.float32), {}

    def step(self, action):
        self.t += 1
        observation = np.zeros(2, dtype=np.float32)
        return observation, self.wage, False, self.t >= self.n_steps, {}

gymnasium.register("Wage-v0", entry_point="wages:Wage", max_episode_steps=5)

def expert(observations):
    return observations[:, :1]

def slow(observations):
    print("asked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    """A working directory with a module that registers an environment."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "wages.py").write_text(MODULE)
    # What pip makes of an entry point: its own folder comes first where modules are
    # looked for, and the working directory not at all.
    (tmp_path / "skimitate").write_text(
        "import sys\nfrom skimitate.cli._main import main\nsys.exit(main())\n"
    )
    return tmp_path / "here"


def start(folder, *arguments, script=True, **options):
    """Start the command line, as a script that was installed or by ``python -m``."""
    program = [str(folder.parent / "skimitate")] if script else ["-m", "skimitate"]
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        cwd=folder,
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
    )


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(True, id="script"),
        pytest.param(False, id="-m", marks=pytest.mark.slow),
    ],
)
def test_modules_are_found_in_the_working_directory(folder, script):
    arguments = ["evaluate", "wages:Wage-v0", "--expert", "wages:expert"]
    wage = ["--env-arg", "wage=2.5", "--episodes", "2"]
    job = start(folder, *arguments, *wage, script=script)
    out, err = job.communicate(timeout=60)
    assert (job.returncode, err) == (0, "")
    _, progress, *found = out.splitlines()
    assert progress.startswith("Evaluating: episode 2/2, ")
    assert found == [
        "episode 0: 7.5",
        "episode 1: 7.5",
        "wages:Wage-v0(wage=2.5): 7.5 (0.0) over 2 episodes",
    ]


@pytest.mark.slow
def test_it_ends_quietly_when_nobody_reads_on(folder):
    read, write = os.pipe()
    job = start(folder, "evaluate", "Reacher-v5", "--episodes", "2", stdout=write)
    os.close(write)
    with open(read) as reader:
        assert reader.readline() == "evaluate: loading ...\n"
    _, err = job.communicate(timeout=60)
    assert (job.returncode, err) == (141, "")


def test_help_for_nobody_ends_quietly(folder):
    read, write = os.pipe()
    os.close(read)
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}  # else argparse does not mind
    job = start(folder, "--help", stdout=write, env=buffered)
    os.close(write)
    _, err = job.communicate(timeout=60)
    assert (job.returncode, err) == (141, "")


@pytest.mark.skipif(os.name == "nt", reason="a shell without >&-")
@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["--version"], 0, ""),
        pytest.param(
            ["evaluate", "Nope-v0"],
            2,
            "skimitate: error: ENV: cannot make 'Nope-v0'",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_without_a_standard_output(folder, arguments, status, error):
    program = (
        f"'{sys.executable}' '{folder.parent / 'skimitate'}' {' '.join(arguments)}"
    )
    done = subprocess.run(
        ["sh", "-c", f"{program} >&-"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == status
    # The version goes where there is somebody to read it.
    assert done.stderr.startswith(error or "skimitate ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize(
    ("arguments", "unbuffered"),
    [
        (["--version"], ""),
        (["evaluate", "Nope-v0"], ""),
        (["evaluate", "Nope-v0"], "1"),
    ],
)
def test_a_full_disk_is_one_line(folder, arguments, unbuffered):
    with open("/dev/full", "w") as full:
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        job = start(folder, *arguments, stdout=full, env=environment)
        _, err = job.communicate(timeout=60)
    assert job.returncode == 2
    (line,) = err.splitlines()
    assert line.startswith("skimitate: error: standard output: ")


def living(session):
    """The processes of a session that have not ended."""
    listed = subprocess.run(
        ["ps", "-s", str(session), "-o", "pid=,stat="], capture_output=True, text=True
    )
    return [line for line in listed.stdout.splitlines() if "Z" not in line]


def interrupt(job, after, seconds=0.0):
    """Send what a terminal sends for Ctrl-C, some time after a line was printed."""
    for line in job.stdout:
        if after in line:
            break
    time.sleep(seconds)
    os.killpg(job.pid, signal.SIGINT)
    _, err = job.communicate(timeout=60)
    for _ in range(100):
        if not living(job.pid):
            break
        time.sleep(0.1)
    assert living(job.pid) == []
    # Shells show 130 for both.
    assert job.returncode in (130, -signal.SIGINT)
    return err


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no process groups")
def test_ctrl_c_is_one_line(folder):
    arguments = ["evaluate", "wages:Wage-v0", "--expert", "wages:slow"]
    wage = ["--env-arg", "wage=2.5", "--jobs", "1"]
    job = start(folder, *arguments, *wage, start_new_session=True)
    assert interrupt(job, "asked") == "skimitate: interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="there are no process groups")
@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.6, 2.0, 5.0])
def test_ctrl_c_leaves_no_worker_behind(folder, seconds):
    # Before workers start, while they do, and while they run.
    arguments = ["collect", "Humanoid-v5", "--episodes", "40", "--jobs", "2"]
    job = start(folder, *arguments, "--out", "x.npz", start_new_session=True)
    assert interrupt(job, "episode 0", seconds) == "skimitate: interrupted\n"
    assert not (folder / "x.npz").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals cannot be blocked")
def test_processes_that_are_spared_never_hear_an_interrupt():
    child = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    command = [sys.executable, "-c", child]
    with children_spared_interrupts():
        spared = subprocess.run(command, capture_output=True, text=True)
    assert "SIGINT" in spared.stdout
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
