"""Films: what is drawn, what is written, and what is said where nothing can be."""

import os
import re
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from skimitate import (
    BehaviorCloningClassifier,
    evaluate_policy,
    load_expert,
    save_policy,
)
from skimitate.cli._main import main
from skimitate.environments._spec import spec_of
from skimitate.studies import _camera
from skimitate.studies._camera import Shot, choose_renderer, is_mujoco
from skimitate.studies._film import Film, frame_of, write_film

ENV = "Reacher-v5"


@pytest.fixture(scope="module")
def renderer():
    try:
        return choose_renderer()
    except OSError as error:
        pytest.skip(str(error))


def frames_of(path):
    """Read a film back: its frames a second, and its frames."""
    # imageio-ffmpeg's own reader leaves files open.
    command = [get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24"]
    read = subprocess.run([*command, "-"], check=True, capture_output=True)
    said = read.stderr.decode()
    width, height = map(int, re.search(r", (\d+)x(\d+)", said).groups())
    fps = float(re.search(r"([\d.]+) fps", said)[1])
    return fps, np.frombuffer(read.stdout, np.uint8).reshape(-1, height, width, 3)


@pytest.mark.slow
def test_a_film_shows_the_episode_that_the_policy_lives(renderer, tmp_path, capsys):
    out = tmp_path / "new" / "reacher.mp4"
    expert = load_expert(ENV)
    film = Film(ENV, out, seed=3, max_steps=None)
    film.record({"expert": expert, "still": lambda X: np.zeros((len(X), 2))})
    (earned,) = evaluate_policy(ENV, expert, n_episodes=1, random_state=3)
    printed = capsys.readouterr().out
    assert f"filmed expert (1/2), 50 steps, return {earned:.1f}" in printed
    fps, frames = frames_of(out)
    assert fps == 25
    assert frames.shape == (26, 480, 960, 3)
    left, right = (
        frames[:, 60:, half].astype(float)
        for half in (slice(None, 480), slice(480, None))
    )
    # Both start alike; the expert moves, and who does nothing does not.
    assert np.abs(left[0] - right[0]).mean() < 2
    assert np.abs(left[-1] - left[0]).mean() > 3 * np.abs(right[-1] - right[0]).mean()
    assert left[0].std() > 10


@pytest.mark.slow
def test_the_camera_follows_who_runs_away(renderer, tmp_path):
    film = Film("Hopper-v5", tmp_path / "hopper.mp4", seed=0, max_steps=200)
    film.record({"expert": load_expert("Hopper-v5")})
    frames = [frame.astype(int) for frame in frames_of(film.out)[1]]
    n_brown = [np.sum(frame[..., 0] - frame[..., 2] > 40) for frame in frames]
    assert min(n_brown) > 0.5 * n_brown[0] > 1000


@pytest.mark.slow
def test_the_command_films_a_saved_model_and_compares(renderer, tmp_path, capsys):
    run = ["run", ENV, "--episodes", "2", "--rounds", "1", "--jobs", "1"]
    assert main([*run, "--out", str(tmp_path / "run")]) == 0
    film = ["film", ENV, "--steps", "6"]
    model = str(tmp_path / "run" / "clone.joblib")
    one, three = tmp_path / "one.mp4", tmp_path / "three.mp4"
    assert main([*film, "--policy", model, "--out", str(one)]) == 0
    assert frames_of(one)[1].shape[1:] == (480, 480, 3)
    compare = ["--compare", "--models", str(tmp_path / "run"), "--policy", model]
    assert main([*film, *compare[:3], "--out", str(three)]) == 0
    assert frames_of(three)[1].shape[1:] == (480, 1440, 3)
    assert "expert | clone | DAgger\n" in capsys.readouterr().out
    four = tmp_path / "four.mp4"
    assert main([*film, *compare, "--out", str(four)]) == 0
    assert "expert | clone | DAgger | run/clone" in capsys.readouterr().out
    assert frames_of(four)[1].shape[1:] == (480, 1920, 3)


@pytest.mark.slow
def test_a_table_s_models_are_filmed_and_never_made(renderer, tmp_path, capsys):
    options = ["--jobs", "1", "--rounds", "1", "--roll-outs", "1"]
    table = ["table", ENV, *options, "--out", str(tmp_path / "table")]
    film = ["film", "--compare", ENV, "--steps", "4", "--models"]
    film += [str(tmp_path / "table"), "--out", str(tmp_path / "film.mp4")]
    assert main(film) == 2
    said = capsys.readouterr().err
    assert "--models: expected clone.joblib and dagger.joblib in" in said
    assert f"run {ENV} --out" in said
    assert main(table) == 0
    model = tmp_path / "table" / ENV / "seed-0" / "dagger.joblib"
    before = model.read_bytes()
    assert main(film) == 0
    assert model.read_bytes() == before
    model.unlink()
    assert main(film) == 2
    assert not model.exists()


@pytest.mark.slow
def test_a_film_that_is_cut_ends_with_its_last_step(renderer, tmp_path, capsys):
    film = ["film", ENV, "--steps", "7", "--out", str(tmp_path / "film.mp4")]
    assert main(film) == 0
    assert "7 steps" in capsys.readouterr().out
    assert len(frames_of(tmp_path / "film.mp4")[1]) == 5  # steps 0, 2, 4, 6, 7


def shots(n, shade):
    image = np.full((48, 64, 3), shade, dtype=np.uint8)
    return [
        Shot(image.shape, _camera.zlib.compress(image), step, -step)
        for step in range(n)
    ]


def test_takes_that_end_early_stand_still():
    takes = {"short": shots(2, 30), "long": shots(4, 200)}
    frame = frame_of(takes, 3)
    assert frame.shape == (48, 128, 3)
    assert frame[-1, 0, 0] == 30
    assert frame[-1, -1, 0] == 200
    assert (frame[:, 64:66] == 128).all(), "a line tells where one ends"
    np.testing.assert_array_equal(frame[:, :64], frame_of(takes, 1)[:, :64])
    assert (frame[:, 64:] != frame_of(takes, 1)[:, 64:]).any()


def test_a_film_has_as_many_frames_as_its_longest_take(tmp_path):
    path = tmp_path / "film.mp4"
    write_film(path, {"short": shots(2, 30), "long": shots(7, 200)}, fps=10)
    fps, frames = frames_of(path)
    assert len(frames) == 7
    assert fps == 10
    assert abs(int(frames[-1][-4, 4, 0]) - 30) < 12


def test_without_gl_it_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(_camera, "can_draw", lambda name: False)
    assert main(["film", ENV, "--out", str(tmp_path / "film.mp4")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "found none (egl, osmesa, glfw)" in line
    assert "apt-get install libegl1 libgl1-mesa-dri" in line
    assert list(tmp_path.iterdir()) == []


def test_a_renderer_that_was_asked_for_is_not_replaced(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "OSMesa")
    monkeypatch.setattr(_camera, "can_draw", lambda name: name != "osmesa")
    with pytest.raises(OSError, match=r"found none \(osmesa\)"):
        choose_renderer()
    monkeypatch.setattr(_camera, "can_draw", lambda name: True)
    assert choose_renderer() == os.environ["MUJOCO_GL"] == "osmesa"
    monkeypatch.setenv("MUJOCO_GL", "crayons")
    with pytest.raises(
        ValueError, match=r"MUJOCO_GL: expected one of egl, .*'crayons'"
    ):
        choose_renderer()


def test_the_first_renderer_that_works_is_taken(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "")
    monkeypatch.setattr(_camera, "can_draw", lambda name: name == "osmesa")
    monkeypatch.setattr(sys, "platform", "linux")
    assert choose_renderer() == "osmesa"


def test_a_probe_that_hangs_does_not_work(monkeypatch):
    def hang(*args, **options):
        raise subprocess.TimeoutExpired("python", options["timeout"])

    monkeypatch.setattr(_camera.subprocess, "run", hang)
    assert not _camera.can_draw("egl")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("film.gif", "out: expected a file that ends in .mp4"),
        ("folder.mp4", "out: expected a file to write"),
        ("file/film.mp4", "file"),
    ],
)
def test_a_place_that_no_film_can_be_written_to(tmp_path, capsys, out, message):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").touch()
    assert main(["film", ENV, "--out", str(tmp_path / out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_without_ffmpeg_it_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert main(["film", ENV, "--out", str(tmp_path / "film.mp4")]) == 2
    assert "pip install skimitate[video]" in capsys.readouterr().err


class DrawnEnv(gymnasium.Env):
    """Draws itself, and is steered by a choice."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}
    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,))
    action_space = gymnasium.spaces.Discrete(2, start=3)
    drawn = staticmethod(lambda t, action: np.full((20, 30, 3), 10 * t + action))

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t, self.action = 0, 0
        return np.zeros(1, dtype=np.float32), {}

    def step(self, action):
        self.t, self.action = self.t + 1, action
        return np.full(1, self.t, dtype=np.float32), 1.0, self.t == 4, False, {}

    def render(self):
        return self.drawn(self.t, self.action)


DRAWN = "test_film:DrawnEnv"


def test_an_environment_of_another_maker_needs_no_gl(monkeypatch, tmp_path):
    monkeypatch.setattr(_camera, "can_draw", lambda name: False)
    assert is_mujoco(ENV)
    assert not is_mujoco("Pendulum-v1")
    Film(spec_of(DRAWN, {}), tmp_path / "film.mp4", seed=0, max_steps=None)


def test_a_classifier_is_filmed(tmp_path, monkeypatch, capsys):
    X = np.arange(4.0)[:, None]
    clone = BehaviorCloningClassifier(max_iter=50, random_state=0, batch_size=2)
    clone.fit(X, 3 + (X[:, 0] > 1))
    save_policy(clone, tmp_path / "clone.safetensors")
    written = {}
    monkeypatch.setattr(
        "skimitate.studies._film.write_film",
        lambda path, takes, fps: written.update(takes) or path.touch(),
    )
    film = ["film", DRAWN, "--policy", str(tmp_path / "clone.safetensors")]
    assert main([*film, "--out", str(tmp_path / "film.mp4")]) == 0
    assert "filmed clone (1/1), 4 steps, return 4.0" in capsys.readouterr().out
    shown = [shot.pixels()[0, 0, 0] for shot in written["clone"]]
    assert shown == [0, 13, 23, 34, 44]


def uninstalled(t, action):
    raise gymnasium.error.DependencyNotInstalled("no crayons, run `pip install them`")


def broken(t, action):
    raise RuntimeError("the pen is dry")


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        (uninstalled, f"film: cannot draw {DRAWN}: no crayons, run pip install them$"),
        (broken, r"ENV: cannot film '.*DrawnEnv': RuntimeError\('the pen is dry'\)$"),
        (
            lambda t, action: None,
            "ENV: cannot film .*: expected an image to film, got ",
        ),
    ],
)
def test_what_cannot_be_drawn(tmp_path, monkeypatch, capsys, drawn, message):
    monkeypatch.setattr(DrawnEnv, "drawn", staticmethod(drawn))
    film = ["film", DRAWN, "--expert", "toy:hopper_noop"]
    assert main([*film, "--out", str(tmp_path / "film.mp4")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(f"skimitate: error: {message}", line)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_classic_control_is_filmed_without_a_screen(tmp_path, capsys):
    pytest.importorskip("pygame")
    film = ["film", "CartPole-v1", "--steps", "40"]
    assert main([*film, "--out", str(tmp_path / "film.mp4")]) == 0
    _, frames = frames_of(tmp_path / "film.mp4")
    assert frames.shape == (21, 400, 600, 3)
    # The cart is black, and the pole brown.
    assert (frames[-1].max(axis=-1) < 40).sum() > 500
    assert (frames[-1][..., 0].astype(int) - frames[-1][..., 2] > 40).sum() > 500
