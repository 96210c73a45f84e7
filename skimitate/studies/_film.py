"""Films of policies, side by side."""

import importlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skimitate._seeds import spawn_seeds
from skimitate.callbacks._progress import Progress
from skimitate.callbacks._work import followed
from skimitate.environments._drivers import PolicyDriver
from skimitate.environments._run import run_episodes
from skimitate.files._durable import check_writable, write_durably
from skimitate.studies._camera import (
    MadeByGymnasium,
    Shot,
    check_drawn,
    choose_renderer,
    filmed_env,
    is_mujoco,
)

FPS = 30

# Between takes, in pixels.
_LINE = 2
_GREY = 128


class Film:
    """An episode of each of some policies, from the same start, side by side.

    Parameters
    ----------
    env : str or EnvSpec
        Environment.
    out : Path
        The mp4 file to write.
    seed : int
        Determines the episode.
    max_steps : int or None
        Where to cut it.
    name : str, default=""
        What the environment is called; empty for its id.

    Raises
    ------
    ImportError
        If what writes videos, or draws the environment, is not installed.
    ValueError
        If the file is to be of another format, or the environment cannot be drawn.
    OSError
        If the file cannot be written, or nothing can be drawn here.
    """

    def __init__(
        self,
        env: MadeByGymnasium,
        out: Path,
        *,
        seed: int,
        max_steps: int | None,
        name: str = "",
    ) -> None:
        require_video()
        if out.suffix != ".mp4":
            raise ValueError(f"out: expected a file that ends in .mp4, got {out}")
        if out.is_dir():
            raise IsADirectoryError(f"out: expected a file to write, got {out}")
        if is_mujoco(env):
            choose_renderer()
        else:
            check_drawn(env)
        check_writable(out.parent, "out")
        self.env = env
        self.name = name or str(env)
        self.out = out
        self.seed = seed
        self.max_steps = max_steps

    def record(self, policies: Mapping[str, Any]) -> None:
        """Film the policies and write the file.

        Parameters
        ----------
        policies : dict of str to policy
            What to write above each, in the order from left to right.
        """
        takes = {}
        fps = float(FPS)
        for i, (name, policy) in enumerate(policies.items(), start=1):
            shots, fps = self._shoot(policy)
            takes[name] = shots
            print(
                f"{self.name}: filmed {name} ({i}/{len(policies)}), "
                f"{shots[-1].step} steps, return {shots[-1].return_so_far:.1f}",
                flush=True,
            )
        write_durably(self.out, partial(write_film, takes=takes, fps=fps))

    def _shoot(self, policy: Any) -> tuple[list[Shot], float]:
        with filmed_env(self.env, FPS, self.max_steps) as (camera, fps):
            run_episodes(
                camera,
                PolicyDriver(policy),
                spawn_seeds(self.seed, 1),
                max_steps=self.max_steps,
            )
            return camera.shots, fps


def require_video() -> None:
    """Raise ImportError, which says what to install, if films cannot be written."""
    try:
        importlib.import_module("PIL.Image")
        importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise ImportError(
            f"film: writing videos needs pip install skimitate[video] ({error})"
        ) from None


def write_film(path: Path, takes: Mapping[str, Sequence[Shot]], fps: float) -> None:
    """Write takes side by side; those that end early stand still.

    Parameters
    ----------
    path : Path
        The mp4 file.
    takes : dict of str to sequence of Shot
        By what to write above them; all of one size.
    fps : float
        Shots a second.
    """
    from imageio_ffmpeg import write_frames

    n_frames = max(map(len, takes.values()))
    first = frame_of(takes, 0)
    height, width = first.shape[:2]
    writer = write_frames(
        str(path), (width, height), fps=fps, quality=8, macro_block_size=2
    )
    progress = Progress(f"Writing {path.suffix[1:]}")
    with closing(writer), followed("frame", n_frames, progress) as report:
        writer.send(None)
        for i in range(n_frames):
            writer.send(np.ascontiguousarray(frame_of(takes, i)))
            report(i + 1, n_frames)


def frame_of(takes: Mapping[str, Sequence[Shot]], i: int) -> NDArray[np.uint8]:
    """Return a frame: the i-th shots side by side, with captions and lines between."""
    shots = [
        _captioned(shots[min(i, len(shots) - 1)], name) for name, shots in takes.items()
    ]
    frame = np.hstack(shots)
    # Where all are drawn on white, nothing tells where one ends.
    for left in np.cumsum([shot.shape[1] for shot in shots])[:-1]:
        frame[:, left : left + _LINE] = _GREY
    return frame


def _captioned(shot: Shot, name: str) -> NDArray[np.uint8]:
    """Write the name, the step and the return over an image."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(shot.pixels())
    draw = ImageDraw.Draw(image)
    size = max(10, image.height // 24)
    text = f"{name}\nstep {shot.step}, return {shot.return_so_far:.0f}"
    # An outline keeps it readable on any ground.
    draw.multiline_text(
        (size // 2, size // 2),
        text,
        fill="white",
        font=ImageFont.load_default(size),
        stroke_width=max(1, size // 10),
        stroke_fill="black",
    )
    return np.asarray(image)
