"""What an episode looks like: an environment that is filmed while it is acted in."""

import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

# What MuJoCo can draw with on Linux, those first that need no window.
RENDERERS = ("egl", "osmesa", "glfw")

_PROBE = """
import mujoco
model = mujoco.MjModel.from_xml_string(
    "<mujoco><worldbody><geom size='1'/></worldbody></mujoco>")
renderer = mujoco.Renderer(model, 16, 16)
renderer.update_scene(mujoco.MjData(model))
renderer.render()
"""


class Shot(NamedTuple):
    """What is seen at a step, and what had been earned by then."""

    shape: tuple[int, ...]
    compressed: bytes
    step: int
    return_so_far: float

    def pixels(self) -> NDArray[np.uint8]:
        """Return the image, of shape (height, width, 3)."""
        flat = np.frombuffer(zlib.decompress(self.compressed), dtype=np.uint8)
        return flat.reshape(self.shape)


class FilmedEnv(gymnasium.Wrapper):
    """Takes a shot of every few steps, and of the last one.

    Parameters
    ----------
    env : gymnasium.Env
        With render mode ``rgb_array``.
    every : int
        Number of steps from shot to shot.

    Attributes
    ----------
    shots : list of Shot
        Of the current episode.
    """

    def __init__(self, env: gymnasium.Env, every: int) -> None:
        super().__init__(env)
        self.every = every
        self.shots: list[Shot] = []

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Reset, and take the first shot."""
        answer = self.env.reset(**options)
        self.shots = []
        self._step, self._return = 0, 0.0
        self._shoot()
        return answer

    def step(self, action: Any) -> Any:
        """Step, and take a shot if it is time."""
        answer = self.env.step(action)
        self._step += 1
        self._return += float(answer[1])
        if self._step % self.every == 0 or answer[2] or answer[3]:
            self._shoot()
        return answer

    def _shoot(self) -> None:
        image = self.env.render()
        if not isinstance(image, np.ndarray) or image.ndim != 3:
            raise ValueError(f"expected an image to film, got {type(image).__name__}")
        # A thousand images of 480 x 480 are 700 MB, and most of it is sky.
        pixels = np.ascontiguousarray(image, dtype=np.uint8)
        packed = zlib.compress(pixels, level=1)
        self.shots.append(Shot(pixels.shape, packed, self._step, self._return))


@contextmanager
def filmed_env(env: str, fps: int) -> Iterator[tuple[FilmedEnv, float]]:
    """Make an environment that is filmed, and close it.

    Parameters
    ----------
    env : str
        Environment id.
    fps : int
        About how many shots of a second of simulated time to take.

    Yields
    ------
    FilmedEnv, float
        And the number of shots a second that it takes.

    Raises
    ------
    ValueError
        If the environment cannot be made or drawn.
    """
    made = _make_visible(env)
    try:
        steps_a_second = float(made.metadata.get("render_fps") or fps)
        every = max(1, round(steps_a_second / fps))
        yield FilmedEnv(made, every), steps_a_second / every
    finally:
        made.close()


def _make_visible(env: str) -> gymnasium.Env:
    """Make an environment that can be drawn, by a camera that follows if it has one."""
    options: dict[str, Any] = {"render_mode": "rgb_array", "disable_env_checker": True}
    try:
        try:
            return gymnasium.make(env, camera_name="track", **options)
        except TypeError:  # it is not one of MuJoCo's
            return gymnasium.make(env, **options)
    except (gymnasium.error.Error, ImportError, TypeError) as error:
        message = str(error).splitlines()[0]
        raise ValueError(f"env: cannot film {env!r}: {message}") from error


def choose_renderer() -> str:
    """Find what MuJoCo can draw with here, and set ``MUJOCO_GL`` to it.

    Returns
    -------
    str
        ``MUJOCO_GL``'s value if there is one and it works, or the first of
        ``RENDERERS`` that works.

    Raises
    ------
    OSError
        If there is none.
    """
    asked = os.environ.get("MUJOCO_GL")
    if asked:
        names: tuple[str, ...] = (asked,)
    else:
        names = RENDERERS if sys.platform == "linux" else ("glfw",)
    for name in names:
        if _works(name):
            os.environ["MUJOCO_GL"] = name
            return name
    reason = f"MUJOCO_GL={asked} does not work" if asked else "found none"
    raise OSError(
        "film: expected OpenGL by EGL, OSMesa or a window, but "
        f"{reason}; on Debian and Ubuntu, apt-get install libegl1 libgl1-mesa-dri"
    )


def _works(renderer: str) -> bool:
    """Try to draw in a process of its own: MuJoCo keeps the first that is loaded."""
    environment = {**os.environ, "MUJOCO_GL": renderer}
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE],
            env=environment,
            capture_output=True,
            timeout=60,
        )
    except subprocess.TimeoutExpired:
        return False
    return probe.returncode == 0
