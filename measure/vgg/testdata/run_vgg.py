"""Runs a VGG16 with onnxruntime, as the oracle of read_slow_test.go: run_vgg.py NET.onnx SIDE

The picture on standard input is float32 [side, side, 3], BGR, less Caffe's mean. To standard output goes what the last convolution of each of the
five groups makes of it, before the ReLU, float32 [channels, height, width] one after the other.
"""

import sys

import numpy as np
import onnx
import onnxruntime

model, side = onnx.load(sys.argv[1]), int(sys.argv[2])
convolutions = [node.output[0] for node in model.graph.node if node.op_type == "Conv"]
taps = [convolutions[i] for i in (1, 3, 6, 9, 12)]
del model.graph.output[:]
model.graph.output.extend(onnx.helper.make_tensor_value_info(tap, onnx.TensorProto.FLOAT, None) for tap in taps)
for dim in model.graph.input[0].type.tensor_type.shape.dim[1:3]:
    dim.dim_value = side
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
picture = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(1, side, side, 3)
for features in session.run(taps, {model.graph.input[0].name: picture}):
    sys.stdout.buffer.write(np.ascontiguousarray(features[0], np.float32).tobytes())
