"""Prints as JSON what the package tensorboard reads from the event files of a folder."""
import base64
import json
import sys

from tensorboard.backend.event_processing import event_accumulator

everything = {name: 0 for name in ("scalars", "images", "tensors")}
# Nothing is purged: no step may be there twice, even for programs that do not know of restarts.
events = event_accumulator.EventAccumulator(sys.argv[1], size_guidance=everything, purge_orphaned_data=False)
events.Reload()
tags = events.Tags()
json.dump({
    "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
    "images": {tag: [{"step": e.step, "width": e.width, "height": e.height,
                      "png": base64.b64encode(e.encoded_image_string).decode()} for e in events.Images(tag)]
               for tag in tags["images"]},
    "texts": {tag: [e.tensor_proto.string_val[0].decode() for e in events.Tensors(tag)] for tag in tags["tensors"]},
    "plugins": {tag: events.SummaryMetadata(tag).plugin_data.plugin_name for tag in tags["tensors"]},
}, sys.stdout)
