// Writes where ONNX Runtime's C API has the functions that the scoring server calls:
// node tools/onnxruntime-api/makeTable.mjs HEADER. See README.md for the header.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { tableOf } from "./header.mjs";

/** The functions that native/signatures.ts describes. */
const used = [
  ...["GetErrorMessage", "ReleaseStatus"],
  ...["CreateEnv", "DisableTelemetryEvents", "ReleaseEnv"],
  ...["CreateSessionOptions", "SetSessionGraphOptimizationLevel", "SetIntraOpNumThreads"],
  ...["SetInterOpNumThreads", "SetSessionLogSeverityLevel", "AddSessionConfigEntry"],
  ...["EnableProfiling", "ReleaseSessionOptions"],
  ...["CreateCUDAProviderOptions", "UpdateCUDAProviderOptions"],
  ...["UpdateCUDAProviderOptionsWithValue", "ReleaseCUDAProviderOptions"],
  ...["SessionOptionsAppendExecutionProvider_CUDA_V2"],
  ...["CreateTensorRTProviderOptions", "UpdateTensorRTProviderOptions"],
  ...["UpdateTensorRTProviderOptionsWithValue", "ReleaseTensorRTProviderOptions"],
  ...["SessionOptionsAppendExecutionProvider_TensorRT_V2"],
  ...["CreateSession", "CreateSessionFromArray", "ReleaseSession", "SessionEndProfiling"],
  ...["SessionGetInputCount", "SessionGetOutputCount"],
  ...["SessionGetInputName", "SessionGetOutputName"],
  ...["SessionGetInputTypeInfo", "SessionGetOutputTypeInfo", "ReleaseTypeInfo"],
  ...["CastTypeInfoToTensorInfo", "GetTensorElementType", "GetDimensionsCount"],
  ...["GetDimensions", "GetSymbolicDimensions", "ReleaseTensorTypeAndShapeInfo"],
  ...["GetAllocatorWithDefaultOptions", "AllocatorFree"],
  ...["CreateRunOptions", "AddRunConfigEntry", "RunOptionsSetTerminate"],
  ...["RunOptionsUnsetTerminate", "ReleaseRunOptions"],
  ...["CreateCpuMemoryInfo", "CreateMemoryInfo", "ReleaseMemoryInfo"],
  ...["CreateTensorWithDataAsOrtValue", "GetTensorMutableData", "GetTensorTypeAndShape"],
  ...["ReleaseValue", "Run"],
  ...["CreateIoBinding", "BindInput", "BindOutput", "BindOutputToDevice", "RunWithBinding"],
  ...["GetBoundOutputValues", "ReleaseIoBinding"],
];

const file = process.argv[2];
if (!file) throw new Error("usage: node makeTable.mjs onnxruntime_c_api.h");
const { version, names } = tableOf(readFileSync(file, "utf8"));
const lines = used
  .map((name) => ({ name, index: names.indexOf(name) }))
  .sort((a, b) => a.index - b.index)
  .map(({ name, index }) => {
    if (index < 0) throw new Error(`the header has no ${name}`);
    return `  ${name}: ${index},`;
  });
const target = path.join(
  import.meta.dirname,
  "../../scoring-image/src/inference/runtimes/onnxRuntime/native/functionTable.generated.ts",
);
writeFileSync(
  target,
  `/** Made by tools/onnxruntime-api from onnxruntime_c_api.h; do not edit. */

/**
 * Version of the C API whose table is asked for; a library answers for all versions up to its own.
 */
export const apiVersion = ${version};

/** Places of the functions in the table \`OrtApi\`, to which versions only ever add. */
export const functionTable = {
${lines.join("\n")}
} as const;
`,
);
