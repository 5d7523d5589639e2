/** Entry point of the pipeline's threads with an emulated device in place of a runtime, for tests and the bench. */
import { serveStages } from "../../src/inference/threads/serve";
import { renderers } from "../../src/protocols/renderers";
import type { DeviceHandle } from "./device";
import { EmulatedLane } from "./lane";

void serveStages({
  openRuntime: (plan, { runtime }) =>
    Promise.resolve(new EmulatedLane(plan, runtime as DeviceHandle)),
  renderers,
});
