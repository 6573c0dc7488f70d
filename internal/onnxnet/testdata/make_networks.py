"""Makes two small networks and what onnxruntime makes of a picture with them: networks.json, wd14.onnx and illustration2vec.onnx.

Run by: go test ./internal/onnxnet -update. Each says hair colours by the mean colour of its picture, in the form of the tagger that it is named after: WD14 has
pictures [batch, height, width, BGR] from 0 to 255 and names its tags in selected_tags.csv, Illustration2Vec has [batch, BGR, height, width] less their mean and
names them in tag_list.json.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIZE = 32
# Of the levels of blue, green and red, and a constant: solo, blue hair, green hair, red hair, blue eyes, orange hair.
WEIGHTS = np.array([[0, 0, 0, 9], [2, -1, -1, 0], [-1, 2, -1, 0], [-1, -1, 2, 0], [1, 0, -1, 0], [0, 0, 0, -30]], np.float64)
MEAN = np.array([164.76139251, 167.47864617, 181.13838569])


def network(kind):
    weights, constant = WEIGHTS[:, :3] / 25, WEIGHTS[:, 3] - 3.0 * (WEIGHTS[:, 3] == 0)
    nodes, shape = [], [None, SIZE, SIZE, 3]
    inputs = "pictures"
    if kind == "wd14":
        nodes.append(helper.make_node("Transpose", ["pictures"], ["first"], perm=[0, 3, 1, 2]))
        inputs = "first"
    else:
        shape = [1, 3, SIZE, SIZE]
        constant = constant + weights @ MEAN
    rng = np.random.default_rng(20261124)
    # A convolution that keeps the mean of what lies inside, and a path that the mean does not see.
    kernel = np.zeros((3, 3, 3, 3))
    kernel[range(3), range(3)] = 1 / 9
    initializers = {
        "kernel": kernel, "weights": weights.T, "constant": constant,
        "other": rng.normal(size=(4, 3, 3, 3)) / 100, "bias": rng.normal(size=4),
    }
    nodes += [
        helper.make_node("Conv", [inputs, "kernel"], ["smooth"], pads=[0, 0, 0, 0]),
        helper.make_node("GlobalAveragePool", ["smooth"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["row"], axis=1),
        helper.make_node("Gemm", ["row", "weights", "constant"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["tags"]),
        helper.make_node("Conv", ["smooth", "other", "bias"], ["linear"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["linear"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes, kind,
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("tags", TensorProto.FLOAT, [shape[0], len(WEIGHTS)]),
         helper.make_tensor_value_info("features", TensorProto.FLOAT, [shape[0], 4, 15, 15])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in initializers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def picture():  # [height, width, RGB]
    y, x, c = np.mgrid[0:SIZE, 0:SIZE, 0:3]
    return (60 * (c == 2) + 3 * x + 2 * y + (x * y * (c + 1)) % 31).astype(np.float32)


golden = {}
for kind in ("wd14", "illustration2vec"):
    model = network(kind)
    Path(sys.argv[1], kind + ".onnx").write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = picture()[None, :, :, ::-1]
    if kind == "illustration2vec":
        x = (x - MEAN.astype(np.float32)).transpose(0, 3, 1, 2)
    made = session.run(["tags", "features"], {"pictures": np.ascontiguousarray(x, np.float32)})
    golden[kind] = {"tags": made[0][0].tolist(), "features": made[1][0].mean((1, 2)).tolist()}
Path(sys.argv[1], "networks.json").write_text(json.dumps(golden, indent=1) + "\n")
