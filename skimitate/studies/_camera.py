"""What an episode looks like: an environment that is filmed while it is acted in."""

import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray

from skimitate.environments._make import open_env
from skimitate.environments._mujoco import warnings_once

MadeByGymnasium = str | EnvSpec

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
    max_steps : int or None
        Where the episode is cut.

    Attributes
    ----------
    shots : list of Shot
        Of the current episode.
    """

    def __init__(self, env: gymnasium.Env, every: int, max_steps: int | None) -> None:
        super().__init__(env)
        self.every = every
        self.max_steps = max_steps
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
        ends = answer[2] or answer[3] or self._step == self.max_steps
        if self._step % self.every == 0 or ends:
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
def filmed_env(
    env: MadeByGymnasium, fps: int, max_steps: int | None
) -> Iterator[tuple[FilmedEnv, float]]:
    """Make an environment that is filmed, and close it.

    Parameters
    ----------
    env : str or EnvSpec
        Environment.
    fps : int
        About how many shots of a second of simulated time to take.
    max_steps : int or None
        Where the episode is cut.

    Yields
    ------
    FilmedEnv, float
        And the number of shots a second that it takes.

    Raises
    ------
    ValueError
        If the environment cannot be made or drawn.
    """
    with warnings_once(env):
        made = _make_visible(env)
        try:
            steps_a_second = float(made.metadata.get("render_fps") or fps)
            every = max(1, round(steps_a_second / fps))
            yield FilmedEnv(made, every, max_steps), steps_a_second / every
        finally:
            made.close()


def _make_visible(env: MadeByGymnasium) -> gymnasium.Env:
    """Make an environment that can be drawn, by a camera that follows if it has one."""
    if not _takes_render_mode(env):
        raise ValueError(
            f"env: cannot film {_id_of(env)!r}: expected an environment that takes "
            'render_mode="rgb_array" when it is made, and whose render() returns an '
            "image then; got one that takes no render_mode"
        )
    options: dict[str, Any] = {"render_mode": "rgb_array", "disable_env_checker": True}
    try:
        try:
            return gymnasium.make(env, camera_name="track", **options)
        except TypeError:  # it is not one of MuJoCo's
            return gymnasium.make(env, **options)
    except (gymnasium.error.Error, ImportError, TypeError) as error:
        message = str(error).splitlines()[0]
        raise ValueError(f"env: cannot film {_id_of(env)!r}: {message}") from error


def _takes_render_mode(env: MadeByGymnasium) -> bool:
    """Tell whether what makes an environment can be given a render mode, if it tells.

    Of a name that Gymnasium makes, Gymnasium itself says what is the matter.
    """
    maker = None if isinstance(env, str) else env.entry_point
    if not callable(maker):
        return True
    try:
        taken = signature(maker).parameters.values()
    except (TypeError, ValueError):  # some compiled ones have no signature
        return True
    return any(p.name == "render_mode" or p.kind is p.VAR_KEYWORD for p in taken)


def _id_of(env: MadeByGymnasium) -> str:
    return env if isinstance(env, str) else env.id


def check_drawn(env: MadeByGymnasium) -> None:
    """Raise if an environment that MuJoCo does not draw cannot be drawn.

    Parameters
    ----------
    env : str or EnvSpec
        Environment.

    Raises
    ------
    ImportError
        If it needs a package that is not installed, such as pygame for classic control.
    ValueError
        If it cannot be made or drawn.
    """
    # Most are drawn by SDL, which asks for a screen that nobody looks at.
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    with filmed_env(env, fps=1, max_steps=None) as (camera, _):
        try:
            camera.reset()
        except gymnasium.error.DependencyNotInstalled as error:
            message = str(error).replace("`", "")
            raise ImportError(f"film: cannot draw {_id_of(env)}: {message}") from None
        except Exception as error:  # whatever the environment raises
            reason = error if isinstance(error, ValueError) else repr(error)
            raise ValueError(f"env: cannot film {_id_of(env)!r}: {reason}") from error


def choose_renderer() -> str:
    """Find what MuJoCo can draw with here, and set ``MUJOCO_GL`` to it.

    Returns
    -------
    str
        ``MUJOCO_GL``'s value if there is one and it works, or the first of
        ``RENDERERS`` that works.

    Raises
    ------
    ValueError
        If ``MUJOCO_GL`` is something else.
    OSError
        If there is none that works.
    """
    asked = os.environ.get("MUJOCO_GL", "").lower()
    if asked and asked not in RENDERERS:
        raise ValueError(
            f"MUJOCO_GL: expected one of {', '.join(RENDERERS)}, got {asked!r}"
        )
    if asked:
        names: tuple[str, ...] = (asked,)
    else:
        names = RENDERERS if sys.platform == "linux" else ("glfw",)
    for name in names:
        if can_draw(name):
            os.environ["MUJOCO_GL"] = name
            return name
    raise OSError(
        f"film: expected OpenGL to draw with, and found none ({', '.join(names)}); on "
        "Debian and Ubuntu, apt-get install libegl1 libgl1-mesa-dri"
    )


def is_mujoco(env: MadeByGymnasium) -> bool:
    """Say whether MuJoCo draws an environment."""
    # MuJoCo loads what is asked for when it is imported, and fails if that is missing.
    asked = os.environ.pop("MUJOCO_GL", None)
    try:
        with open_env(env) as opened:
            return hasattr(opened.unwrapped, "mujoco_renderer")
    finally:
        if asked is not None:
            os.environ["MUJOCO_GL"] = asked


def can_draw(renderer: str) -> bool:
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
