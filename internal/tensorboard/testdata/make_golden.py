"""Writes an event file with TensorBoard's own messages and its own writer: FILE, from PICTURE, a PNG of 3x2 pixels.

go test ./internal/tensorboard -update runs it.
"""
import sys

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

AT = 1_700_000_000.5
path, picture = sys.argv[1:]
png = open(picture, "rb").read()
Event, Summary = event_pb2.Event, summary_pb2.Summary


def summary(step, *values):
    return Event(wall_time=AT, step=step, summary=Summary(value=values))


events = [
    Event(wall_time=AT, file_version="brain.Event:2"),
    Event(wall_time=AT, step=3, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)),
    summary(0, Summary.Value(
        tag="settings",
        metadata=summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text")),
        tensor=tensor_pb2.TensorProto(
            dtype=types_pb2.DT_STRING, tensor_shape=tensor_shape_pb2.TensorShapeProto(),
            string_val=["**σ** | 1".encode()]))),
    summary(1, Summary.Value(tag="D", simple_value=1.5), Summary.Value(tag="G", simple_value=-1e-9)),
    summary(2**40, Summary.Value(tag="samples", image=Summary.Image(
        height=2, width=3, colorspace=3, encoded_image_string=png))),
]
with open(path, "wb") as file:
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString(deterministic=True))
    writer.flush()
