"""What TensorBoard's own readers find in a folder."""

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData


def runs_in(log_dir):
    """The folders of a log_dir that hold events, as TensorBoard names them."""
    found = {path.parent for path in log_dir.rglob("events.out.tfevents.*")}
    return {path.relative_to(log_dir).as_posix() for path in found}


def read(folder):
    return EventAccumulator(str(folder)).Reload()


def tags_in(folder):
    return set(read(folder).Tags()["scalars"])


def steps_and_values(folder, tag):
    events = read(folder).Scalars(tag)
    return [event.step for event in events], [event.value for event in events]


def values(folder, tag):
    return steps_and_values(folder, tag)[1]


def _told(folder, tag):
    plugin = read(folder).PluginTagToContent("hparams")
    return HParamsPluginData.FromString(plugin[tag])


def session_start(folder):
    """Group and parameters, as the dashboard of hyperparameters reads them."""
    start = _told(folder, "_hparams_/session_start_info").session_start_info
    read_as = {
        name: getattr(value, value.WhichOneof("kind"))
        for name, value in start.hparams.items()
    }
    return start.group_name, read_as


def ended_well(folder):
    plugin = read(folder).PluginTagToContent("hparams")
    return "_hparams_/session_end_info" in plugin
