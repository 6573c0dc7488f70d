# Checks networks in ONNX files and runs them on random inputs by onnxruntime. Each line of standard input is JSON:
# "network" is the path of a file, "lengths" are those of the axes that have a name, and "out" is the file of
# safetensors for inputs and outputs.
import json
import sys

import numpy
import onnx
import onnxruntime
from safetensors.numpy import save_file

for line in sys.stdin:
    case = json.loads(line)
    onnx.checker.check_model(case["network"], full_check=True)
    session = onnxruntime.InferenceSession(case["network"], providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    random = numpy.random.default_rng(1)
    values = {}
    for i in session.get_inputs():
        shape = [case["lengths"].get(dim, dim) for dim in i.shape]
        if "classes of " + i.name in facts:
            values[i.name] = numpy.eye(shape[1], dtype=numpy.float32)[random.integers(shape[1], size=shape[0])]
        elif i.name == "picture":
            values[i.name] = random.random(shape, dtype=numpy.float32)
        else:
            values[i.name] = random.standard_normal(shape, dtype=numpy.float32)
    outputs = session.run(None, values)
    for output, value in zip(session.get_outputs(), outputs):
        values["output " + output.name] = value
    save_file(values, case["out"])
