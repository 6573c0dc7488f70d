// Runs networks in ONNX files by onnxruntime-web, in WebAssembly as a browser does. Each line of standard input is JSON:
// "network" is the path of a file, "out" a file of safetensors with inputs, to which the outputs are written.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

// The package is in the folder of node_modules that the caller names, not beside this file.
const ort = createRequire(process.argv[2] + "/")("onnxruntime-web");
ort.env.wasm.numThreads = 1;

function read(path) {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const head = JSON.parse(file.toString("utf8", 8, 8 + length));
  const values = {};
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(head)) {
    if (dtype !== "F32") throw new Error(`${name} is of type ${dtype}`);
    const bytes = Uint8Array.from(file.subarray(8 + length + from, 8 + length + to)); // Aligned.
    values[name] = new ort.Tensor("float32", new Float32Array(bytes.buffer), shape);
  }
  return values;
}

function write(path, values) {
  const head = {};
  const parts = [];
  let end = 0;
  for (const [name, { data, dims }] of Object.entries(values)) {
    head[name] = { dtype: "F32", shape: dims, data_offsets: [end, end + data.byteLength] };
    parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    end += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...parts]));
}

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const { network, out } = JSON.parse(line);
  const inputs = read(out);
  for (const name of Object.keys(inputs)) if (name.startsWith("output ")) delete inputs[name];
  const session = await ort.InferenceSession.create(network, { executionProviders: ["wasm"] });
  const outputs = await session.run(inputs);
  for (const [name, value] of Object.entries(outputs)) inputs["output " + name] = value;
  write(out, inputs);
}
