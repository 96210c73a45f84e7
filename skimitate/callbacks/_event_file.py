"""A file of events, as TensorBoard reads them."""

import io
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PATTERN = "events.out.tfevents.*"

Value = bool | int | float | str


class EventFile:
    """Appends to the file of events in a folder.

    It is opened for each write, of whole records: nothing is left open, to be flushed
    or to be lost, however the fit ends that they are written in.

    Parameters
    ----------
    folder : Path
        Of one run. The file that is there already is gone on with.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path: Path | None = None

    @property
    def exists(self) -> bool:
        """Whether something was written in the folder."""
        return any(self.folder.glob(_PATTERN))

    def add_scalars(self, scalars: Mapping[str, float], step: int) -> None:
        """Append numbers.

        Parameters
        ----------
        scalars : dict of str to float
            A number for each tag.
        step : int
            Where they are on the horizontal axis.
        """
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [
            Summary.Value(tag=tag, simple_value=float(value))
            for tag, value in scalars.items()
        ]
        if values:
            self._append(summary=Summary(value=values), step=step)

    def add_hyperparameters(self, values: Mapping[str, Value], group: str) -> None:
        """Append what the run was set to.

        Parameters
        ----------
        values : dict of str to bool, int, float or str
            By the names of the parameters.
        group : str
            Runs of the same group are one row of the dashboard.
        """
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        self._append(summary=hparams_pb(dict(values), trial_id=group))

    def add_success(self) -> None:
        """Append that the run came to its end."""
        # TensorBoard's own function for it imports tensorflow.
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams import metadata
        from tensorboard.plugins.hparams.api_pb2 import STATUS_SUCCESS
        from tensorboard.plugins.hparams.plugin_data_pb2 import (
            HParamsPluginData,
            SessionEndInfo,
        )

        ended = SessionEndInfo(status=STATUS_SUCCESS, end_time_secs=time.time())
        told = metadata.create_summary_metadata(
            HParamsPluginData(session_end_info=ended)
        )
        value = Summary.Value(
            tag=metadata.SESSION_END_INFO_TAG,
            metadata=told,
            tensor=metadata.NULL_TENSOR,
        )
        self._append(summary=Summary(value=[value]))

    def _append(self, **event: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        events = [Event(wall_time=time.time(), **event)]
        if self._path is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._path = max(self.folder.glob(_PATTERN), default=None)
        if self._path is None:
            # Seconds, host and process, as in the names that TensorBoard gives.
            name = f"{time.time():010.0f}.{socket.gethostname()}.{os.getpid()}.0"
            self._path = self.folder / f"events.out.tfevents.{name}"
            header = Event(wall_time=time.time(), file_version="brain.Event:2")
            events.insert(0, header)
        with open(self._path, "ab", buffering=0) as file:
            file.write(_records(events))


def _records(events: list[Any]) -> bytes:
    from tensorboard.summary.writer.record_writer import RecordWriter

    written = io.BytesIO()
    writer = RecordWriter(written)
    for event in events:
        writer.write(event.SerializeToString())
    return written.getvalue()
