"""Clones as the start of stable-baselines3's algorithms."""

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skimitate._public import public
from skimitate.cloning._activations import ACTIVATIONS
from skimitate.environments._make import EnvLike, make_env
from skimitate.reinforcement._beginning import Beginning, beginning_of

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

_INSTALL = "stable-baselines3 is needed: pip install 'skimitate[rl]'"

# What the clone decides, and nobody else.
_OURS = {
    "activation_fn",
    "features_extractor_class",
    "features_extractor_kwargs",
    "log_std_init",
}


@public
def to_stable_baselines3(
    policy: Any,
    algorithm: "type[BaseAlgorithm]",
    env: "EnvLike | Any",
    *,
    exploration: float = 0.1,
    **options: Any,
) -> "BaseAlgorithm":
    """Return a stable-baselines3 model that acts as a policy does, to learn on.

    What it does when it is asked for a deterministic action is the policy's action,
    clipped to the action space; training begins there. Observations are standardized
    as the policy does it, by constants that are not trained: what is learnt by is well
    conditioned, and the environment needs no ``VecNormalize`` of observations. The
    value function, or the critic, is a network of its own that knows nothing at first.

    Parameters
    ----------
    policy : estimator or policy
        One network of skimitate's without a memory: a fitted
        :class:`skimitate.BehaviorCloner` or
        :class:`skimitate.BehaviorCloningClassifier`, a DAgger estimator or a
        :class:`~sklearn.pipeline.Pipeline` of scalers that trained one, an expert that
        is a network, or :func:`skimitate.as_policy` of these.
    algorithm : class
        ``PPO`` or ``A2C`` of stable-baselines3, ``TRPO`` of sb3-contrib, or ``SAC``;
        or one that derives from these.
    env : str, EnvSpec, callable, gymnasium.Env or VecEnv
        The environment: raw observations, a Box of one dimension. A ``VecNormalize``
        may normalize its rewards, and not its observations.
    exploration : float, default=0.1
        Standard deviation of what is added to actions at first in training, in the unit
        that the policy's network counts them in: what the actions vary by that it
        learnt from, all together or each by itself as its ``action_scaling`` says. It
        is at least a thousandth of half the action space, and is learnt on. Classes are
        drawn by the probabilities that a classifier gives them.
    **options
        For the algorithm, such as ``learning_rate``. Of ``policy_kwargs`` those of the
        clone are refused; the value function's layers are
        ``policy_kwargs={"net_arch": {"vf": [64, 64]}}``, the critic's ``"qf"``, and as
        many as the clone has by default.

    Returns
    -------
    stable_baselines3.common.base_class.BaseAlgorithm
        Of that algorithm. It is saved and loaded as any other, and
        :func:`skimitate.load_expert` reads it.

    Raises
    ------
    ImportError
        If stable-baselines3 is not installed.
    TypeError
        If the policy is no such network, the algorithm none of these, or the
        environment is none.
    ValueError
        If the policy is the mean of several networks, or does not fit the environment;
        or ``exploration`` is not positive, or an option is the clone's to decide.

    Notes
    -----
    A value function that knows nothing misleads the policy: let it learn first, for
    some steps, while the policy stays (``docs/reinforcement-learning.md`` shows how).

    SAC's actions are the tanh of a Gaussian: its mean is the inverse of tanh of the
    clone's action, at most 1e-6 from the ends of the action space, which is from -1 to
    1 then. SAC begins by actions at random unless it is told ``learning_starts=0``.

    Of a Discrete action that the policy has never seen the probability begins low:
    its unit is the mean of the others, minus 3.

    Examples
    --------
    >>> import numpy as np
    >>> from stable_baselines3 import PPO
    >>> from skimitate import BehaviorCloner, load_expert, to_stable_baselines3
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> clone = BehaviorCloner(max_iter=5).fit(X, load_expert("Pendulum-v1")(X))
    >>> model = to_stable_baselines3(clone, PPO, "Pendulum-v1", device="cpu")
    >>> actions, _ = model.predict(X, deterministic=True)
    >>> bool(np.allclose(actions, clone.predict(X).clip(-2.0, 2.0), atol=1e-4))
    True
    """
    try:
        import stable_baselines3  # noqa: F401 - whether it is there
    except ImportError:
        raise ImportError(_INSTALL) from None
    is_sac = _is_sac(algorithm)
    start = beginning_of(policy)
    if not (isinstance(exploration, Real) and 0 < exploration < np.inf):
        raise ValueError(
            f"exploration: expected a positive number, got {exploration!r}"
        )
    made = _made(env)
    start.check_fits(made, squashed=is_sac)
    kwargs = _policy_kwargs(start, options, "qf" if is_sac else "vf")
    if is_sac:
        from skimitate.reinforcement._model_parts import BoundedSACPolicy

        model = algorithm(BoundedSACPolicy, made, policy_kwargs=kwargs, **options)
        actor: Any = model.policy.actor
        last = start.last_layer_of_box(made.action_space, squashed=True)
        _put(actor.latent_pi, actor.mu[0], [*start.hidden, last])
        noise = start.noise(made.action_space, exploration, squashed=True)
        _put_constant(actor.log_std, np.log(noise))
    else:
        model = algorithm("MlpPolicy", made, policy_kwargs=kwargs, **options)
        net: Any = model.policy
        last = start.last_layer(made.action_space)
        _put(net.mlp_extractor.policy_net, net.action_net, [*start.hidden, last])
        if start.classes is None:
            noise = start.noise(made.action_space, exploration, squashed=False)
            _fill(net.log_std, np.log(noise))
    return model


def _is_sac(algorithm: Any) -> bool:
    """Tell whether an algorithm is SAC; raise if it is none that begins as a clone."""
    from stable_baselines3 import SAC
    from stable_baselines3.common.policies import ActorCriticPolicy

    if isinstance(algorithm, type):
        if issubclass(algorithm, SAC):
            return True
        aliases = getattr(algorithm, "policy_aliases", {})
        if aliases.get("MlpPolicy") is ActorCriticPolicy:
            return False
    raise TypeError(
        "algorithm: expected the class PPO, A2C or SAC of stable-baselines3 or TRPO of "
        f"sb3-contrib, got {algorithm!r}"
    )


def _made(env: Any) -> Any:
    """Return an environment as stable-baselines3 takes it."""
    from stable_baselines3.common.vec_env import VecEnv, unwrap_vec_normalize

    if not isinstance(env, VecEnv):
        made = make_env(env)
        if hasattr(made, "num_envs"):
            raise TypeError(
                "env: expected one environment, or several as a VecEnv of "
                f"stable-baselines3, got {made}"
            )
        return made
    normalize = unwrap_vec_normalize(env)
    if normalize is not None and normalize.norm_obs:
        raise ValueError(
            "env: expected raw observations, as the policy sees them, got those of a "
            "VecNormalize; give it norm_obs=False"
        )
    return env


def _policy_kwargs(start: Beginning, options: dict, critic: str) -> dict[str, Any]:
    """Take ``policy_kwargs`` from the options, and add what makes the clone."""
    from torch import nn

    from skimitate.reinforcement import StandardizedFeatures

    given = dict(options.pop("policy_kwargs", None) or {})
    if options.get("use_sde"):
        raise ValueError(
            "use_sde: expected False, got True: exploration is set for the clone"
        )
    theirs = sorted(_OURS & given.keys())
    if theirs:
        raise ValueError(
            f"policy_kwargs: expected none that the clone decides, got {theirs}"
        )
    sizes = [len(bias) for _, bias in start.hidden]
    arch = given.pop("net_arch", {})
    if not isinstance(arch, dict) or not arch.keys() <= {critic}:
        raise ValueError(
            f"policy_kwargs: expected net_arch with nothing but {critic!r}, since the "
            f"clone's layers are {sizes}, got {arch!r}"
        )
    return {
        "net_arch": {"pi": sizes, critic: sizes or [64, 64], **arch},
        "activation_fn": getattr(nn, ACTIVATIONS[start.activation].module),
        "features_extractor_class": StandardizedFeatures,
        "features_extractor_kwargs": {"steps": start.steps},
        **given,
    }


def _put(body: Any, last: Any, layers: list[tuple[NDArray, NDArray]]) -> None:
    """Let linear layers compute what others do."""
    from torch import nn

    linears = [module for module in body if isinstance(module, nn.Linear)]
    for linear, (weight, bias) in zip([*linears, last], layers, strict=True):
        _fill(linear.weight, weight)
        _fill(linear.bias, bias)


def _put_constant(linear: Any, values: NDArray) -> None:
    """Let a linear layer put out the same whatever it is given."""
    _fill(linear.weight, np.zeros(tuple(linear.weight.shape)))
    _fill(linear.bias, values)


def _fill(parameter: Any, values: NDArray) -> None:
    from torch import as_tensor, no_grad

    with no_grad():
        parameter.copy_(as_tensor(values))
