import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  apiVersion,
  functionTable,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/native/functionTable.generated";
import {
  checkVersion,
  libraryFile,
  onnxRuntimeVersion,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/native/library";
import { root } from "../../../support/paths";

/** A header in the style of onnxruntime_c_api.h, with every way in which it declares a member. */
const header = `
#define ORT_API_VERSION 7
struct OrtOther {
  ORT_API2_STATUS(NotThisOne, int a);
};
struct OrtApi {
  /** ORT_API2_STATUS(InAComment, int a); */
  OrtStatus*(ORT_API_CALL* CreateStatus)(OrtErrorCode code, const char* msg)NO_EXCEPTION;
  const char*(ORT_API_CALL* GetErrorMessage)(_In_ const OrtStatus* status)NO_EXCEPTION;
  ORT_API2_STATUS(Run, _In_ const OrtSession* session,
                  _Out_ OrtValue** out);  // ORT_API2_STATUS(Neither, int a);
  ORT_CLASS_RELEASE(Env);
  void(ORT_API_CALL* ReleaseThings)(_Frees_ptr_opt_ OrtThings* input);
  ORT_API_T(const char*, GetName, _In_ const OrtThing* thing);
  ORT_CLASS_RELEASE2(Last);
};
`;

describe("inference/runtimes/onnxRuntime function table", () => {
  it("counts the members of the header's table", async () => {
    const script = path.join(root, "tools/onnxruntime-api/header.mjs");
    const { tableOf } = (await import(script)) as {
      tableOf: (text: string) => { version: number; names: string[] };
    };
    assert.deepEqual(tableOf(header), {
      version: 7,
      names: [
        ...["CreateStatus", "GetErrorMessage", "Run", "ReleaseEnv"],
        ...["ReleaseThings", "GetName", "ReleaseLast"],
      ],
    });
    assert.throws(() => tableOf("struct OrtApi"), /this is no onnxruntime_c_api.h/);
  });

  it("has the places that ONNX Runtime's table has had since they were added", () => {
    assert.equal(apiVersion, 24);
    // Read off the header by hand.
    const places = {
      ...{ GetErrorMessage: 2, CreateEnv: 3, CreateSession: 7, Run: 9, CreateRunOptions: 39 },
      ...{ RunOptionsSetTerminate: 46, CreateTensorWithDataAsOrtValue: 49, ReleaseValue: 96 },
      ...{ CreateMemoryInfo: 68, CreateCpuMemoryInfo: 69, RunWithBinding: 133, BindOutput: 137 },
      ...{ AddRunConfigEntry: 165, CreateCUDAProviderOptions: 205, UpdateCUDAProviderOptions: 206 },
    };
    for (const [name, place] of Object.entries(places)) {
      assert.equal(functionTable[name as keyof typeof functionTable], place, name);
    }
  });

  it("is for the version that package.json pins", () => {
    const manifest = readFileSync(path.join(root, "scoring-image/package.json"), "utf8");
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
    assert.equal(onnxRuntimeVersion, dependencies["onnxruntime-node"]);
    assert.match(libraryFile(), /onnxruntime-node\/bin\/napi-v6\/.*onnxruntime/);
  });

  it("refuses a library of another version with one line", () => {
    assert.throws(() => checkVersion("1.31.0", "/opt/libonnxruntime.so.1"), {
      message:
        "/opt/libonnxruntime.so.1 is ONNX Runtime 1.31.0; this server runs 1.30.0 alone: install onnxruntime-node 1.30.0",
    });
    checkVersion("1.30.0", "/opt/libonnxruntime.so.1");
  });
});
