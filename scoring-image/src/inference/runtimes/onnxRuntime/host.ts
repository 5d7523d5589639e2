import type { RuntimeHost } from "../host";
import type { OnnxRuntimePlan } from "./onnxRuntimePlan";
import { openModel, type ModelLane } from "./openedModel";

/** Opens a model once for all lanes. @throws Error why ONNX Runtime refused the model or the provider */
export async function openOnnxHost(plan: OnnxRuntimePlan): Promise<RuntimeHost> {
  const model = await openModel(plan);
  const lanes = new Map<number, ModelLane>();
  return {
    handleOf(index) {
      lanes.get(index)?.threadEnded();
      const lane = model.addLane();
      lanes.set(index, lane);
      return lane.handle;
    },
    cancel: (index, runId) => void lanes.get(index)?.cancel(runId),
    close: () => {
      model.close();
      return Promise.resolve();
    },
  };
}
