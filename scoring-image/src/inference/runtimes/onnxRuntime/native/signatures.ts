import type { functionTable } from "./functionTable.generated";

/** A pointer as native code takes it: an address, or the memory of an array itself. */
export type Pointer = bigint | ArrayBufferView | null;

/** C type, as koffi spells it -> type of the argument. */
interface ArgumentTypes {
  readonly int: number;
  readonly size_t: number | bigint;
  readonly str: string;
  readonly str16: string;
  readonly "void *": Pointer;
}
type CType = keyof ArgumentTypes;

const pointer = "void *";
/** Paths are wide on Windows alone; both types are strings to a caller. */
const path = process.platform === "win32" ? "str16" : "str";

/** Memory's kind, data and bytes; shape and its length; element type; the tensor. */
const tensorArguments = [pointer, pointer, "size_t", pointer, "size_t", "int", pointer] as const;

/**
 * Session and run options; names, values and number of the inputs; names, number and values of the
 * outputs.
 */
const runArguments = [
  pointer,
  pointer,
  pointer,
  pointer,
  "size_t",
  pointer,
  "size_t",
  pointer,
] as const;

/**
 * Arguments of each function as onnxruntime_c_api.h declares them. `_Out_` parameters are pointers
 * to memory of ours; `int` stands for the enumerations too.
 */
const argumentsOf = {
  GetErrorMessage: [pointer],
  ReleaseStatus: [pointer],
  CreateEnv: ["int", "str", pointer],
  DisableTelemetryEvents: [pointer],
  ReleaseEnv: [pointer],
  CreateSessionOptions: [pointer],
  SetSessionGraphOptimizationLevel: [pointer, "int"],
  SetIntraOpNumThreads: [pointer, "int"],
  SetInterOpNumThreads: [pointer, "int"],
  SetSessionLogSeverityLevel: [pointer, "int"],
  AddSessionConfigEntry: [pointer, "str", "str"],
  EnableProfiling: [pointer, path],
  ReleaseSessionOptions: [pointer],
  CreateCUDAProviderOptions: [pointer],
  UpdateCUDAProviderOptions: [pointer, pointer, pointer, "size_t"],
  UpdateCUDAProviderOptionsWithValue: [pointer, "str", pointer],
  ReleaseCUDAProviderOptions: [pointer],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [pointer, pointer],
  CreateTensorRTProviderOptions: [pointer],
  UpdateTensorRTProviderOptions: [pointer, pointer, pointer, "size_t"],
  UpdateTensorRTProviderOptionsWithValue: [pointer, "str", pointer],
  ReleaseTensorRTProviderOptions: [pointer],
  SessionOptionsAppendExecutionProvider_TensorRT_V2: [pointer, pointer],
  CreateSession: [pointer, path, pointer, pointer],
  CreateSessionFromArray: [pointer, pointer, "size_t", pointer, pointer],
  ReleaseSession: [pointer],
  SessionEndProfiling: [pointer, pointer, pointer],
  SessionGetInputCount: [pointer, pointer],
  SessionGetOutputCount: [pointer, pointer],
  SessionGetInputName: [pointer, "size_t", pointer, pointer],
  SessionGetOutputName: [pointer, "size_t", pointer, pointer],
  SessionGetInputTypeInfo: [pointer, "size_t", pointer],
  SessionGetOutputTypeInfo: [pointer, "size_t", pointer],
  ReleaseTypeInfo: [pointer],
  CastTypeInfoToTensorInfo: [pointer, pointer],
  GetTensorElementType: [pointer, pointer],
  GetDimensionsCount: [pointer, pointer],
  GetDimensions: [pointer, pointer, "size_t"],
  GetSymbolicDimensions: [pointer, pointer, "size_t"],
  ReleaseTensorTypeAndShapeInfo: [pointer],
  GetAllocatorWithDefaultOptions: [pointer],
  AllocatorFree: [pointer, pointer],
  CreateRunOptions: [pointer],
  AddRunConfigEntry: [pointer, "str", "str"],
  RunOptionsSetTerminate: [pointer],
  RunOptionsUnsetTerminate: [pointer],
  ReleaseRunOptions: [pointer],
  CreateCpuMemoryInfo: ["int", "int", pointer],
  CreateMemoryInfo: ["str", "int", "int", "int", pointer],
  ReleaseMemoryInfo: [pointer],
  CreateTensorWithDataAsOrtValue: tensorArguments,
  GetTensorMutableData: [pointer, pointer],
  GetTensorTypeAndShape: [pointer, pointer],
  ReleaseValue: [pointer],
  Run: runArguments,
  CreateIoBinding: [pointer, pointer],
  BindInput: [pointer, "str", pointer],
  BindOutput: [pointer, "str", pointer],
  BindOutputToDevice: [pointer, "str", pointer],
  RunWithBinding: [pointer, pointer, pointer],
  GetBoundOutputValues: [pointer, pointer, pointer, pointer],
  ReleaseIoBinding: [pointer],
} as const satisfies Record<keyof typeof functionTable, readonly CType[]>;

/** A function of the C API that the server calls. */
export type FunctionName = keyof typeof argumentsOf;

type Arguments<Types extends readonly CType[]> = {
  -readonly [Place in keyof Types]: ArgumentTypes[Types[Place]];
};

/**
 * What a function returns: the address of a status, null for success; of release functions nothing.
 */
type Result<Name extends FunctionName> = Name extends "GetErrorMessage"
  ? string
  : Name extends `Release${string}`
    ? void
    : bigint | null;

/** Every function of the table with its arguments. */
export type Functions = {
  readonly [Name in FunctionName]: (
    ...given: Arguments<(typeof argumentsOf)[Name]>
  ) => Result<Name>;
};

/** C types of a function's result and arguments. */
export function signatureOf(name: FunctionName): { result: string; parameters: string[] } {
  const released = name.startsWith("Release") ? "void" : pointer;
  const result = name === "GetErrorMessage" ? "str" : released;
  return { result, parameters: [...argumentsOf[name]] };
}
