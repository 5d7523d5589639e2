import type { Graph } from "../../../model/graph";
import { openDeviceSessions } from "./deviceSessions";
import type { DeviceSessions, HostSession, LaneHandle } from "./laneHandle";
import { NativeMemory } from "./native/nativeMemory";
import { OnnxRuntime } from "./native/onnxRuntime";
import { openEnvironment, openSession } from "./native/session";
import { graphOf } from "./native/sessionGraph";
import { isDeclaredFormat, type OnnxRuntimePlan } from "./onnxRuntimePlan";
import type { Opening } from "./opening";
import { RunGate } from "./runGate";
import { Turn } from "./turn";

let laneCount = 0;

/** The main thread's side of one lane. */
export class ModelLane {
  readonly #gate = new RunGate();

  /** @param endRun terminates whatever runs with the lane's run options */
  constructor(
    shared: Omit<LaneHandle, "gate" | "number">,
    private readonly endRun: () => void,
  ) {
    this.handle = { ...shared, number: ++laneCount, gate: this.#gate.memory };
  }

  /** What the lane's thread opens its runtime with. */
  readonly handle: LaneHandle;

  /**
   * Ends the run of that number if it is in progress: it throws ScoringError CANCELLED within an
   * operator's time, on a GPU when the batch is through.
   * @returns whether it was in progress
   */
  cancel(id: number): boolean {
    return this.#gate.end(id, this.endRun);
  }

  /**
   * To be called when the lane's thread has ended, however that came about: nothing runs there any
   * more.
   */
  threadEnded(): void {
    this.#gate.abandon();
    const { sessions, number } = this.handle;
    if (sessions.kind === "device") new Turn(sessions.turn).abandon(number);
  }

  /** Lets no run in any more. @returns false when one is in progress */
  shut(): boolean {
    return this.#gate.shut();
  }
}

/**
 * Owner of a model's native sessions; lives on the main thread, its lanes in threads of their own.
 */
export class OpenedModel {
  readonly #lanes: ModelLane[] = [];

  private constructor(
    private readonly opening: Opening,
    private readonly sessions: HostSession | DeviceSessions,
    /** Inputs and outputs of the model. */
    readonly graph: Graph,
  ) {}

  static async open(plan: OnnxRuntimePlan): Promise<OpenedModel> {
    const runtime = new OnnxRuntime();
    const memory = new NativeMemory();
    try {
      const environment = openEnvironment(runtime, memory);
      const opening = { runtime, memory, environment, plan };
      const open = plan.executionProvider === "cpu" ? openHostSession : openDeviceSessions;
      const { sessions, graph } = await open(opening);
      return new OpenedModel(opening, sessions, graph);
    } catch (error) {
      memory.free();
      throw error;
    }
  }

  /** Prepares a lane; give its handle to the thread that is to run batches. */
  addLane(): ModelLane {
    const { runtime, memory, plan } = this.opening;
    const { call } = runtime;
    const runOptions = runtime.make(memory, "ReleaseRunOptions", (out) =>
      call.CreateRunOptions(out),
    );
    const shared = { plan, graph: this.graph, sessions: this.sessions, runOptions };
    const lane = new ModelLane(shared, () =>
      runtime.check(call.RunOptionsSetTerminate(runOptions)),
    );
    this.#lanes.push(lane);
    return lane;
  }

  /**
   * Shuts all lanes and frees the sessions; close the lanes' runtimes, or end their threads,
   * before.
   * @throws Error when a run is in progress: end its thread first; nothing is freed then
   */
  close(): void {
    if (!this.#lanes.every((lane) => lane.shut())) throw new Error("a run is in progress");
    this.opening.memory.free();
  }
}

/** @throws Error why ONNX Runtime refused the model */
async function openHostSession(opening: Opening): Promise<{ sessions: HostSession; graph: Graph }> {
  const { runtime, memory, environment, plan } = opening;
  if (!isDeclaredFormat(plan)) throw new Error("on the CPU pictures become the declared input");
  const request = { model: plan.modelFile, threads: plan.threads, providers: [] };
  const session = await openSession(runtime, memory, environment, request);
  const graph = graphOf(runtime, session, plan.modelFile);
  return { sessions: { kind: "host", session }, graph };
}

/**
 * Opens a model once for all lanes of the process, without blocking the event loop.
 * @throws Error why ONNX Runtime refused the model or the provider
 */
export const openModel = (plan: OnnxRuntimePlan): Promise<OpenedModel> => OpenedModel.open(plan);
