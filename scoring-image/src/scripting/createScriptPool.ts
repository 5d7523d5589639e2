import type { Logger } from "pino";
import { variables } from "../contract";
import { toScoringError } from "../errors";
import type { CallContext } from "../inference/call";
import type { Predictor } from "../inference/predictor";
import type { Settings } from "../settings";
import type { PredictOrder, Prediction } from "./messages";
import { ScriptPool } from "./scriptPool";
import { tensorsForm, tensorsOf } from "./tensors";

/** Longest time for a script's init(), in milliseconds. */
const initTimeoutMs = 60_000;

/** Most threads that are started unless they are asked for: each has a heap of its own. */
const maxScriptThreads = 16;

/** What a script must not read from its environment. */
const secrets: readonly string[] = [variables.primaryKey, variables.secondaryKey];

/** Runs the model for a script; what goes wrong becomes an answer, as an error does not cross threads with its code. */
async function predict(
  predictor: Predictor,
  order: PredictOrder,
  context: CallContext,
): Promise<Prediction> {
  try {
    const form = { form: tensorsForm, args: null };
    const { head, body } =
      "picture" in order
        ? await predictor.predictPictures([order.picture], form, context)
        : await predictor.predictTensor(inputOf(order.tensor), form, context);
    return { outputs: tensorsOf(head, body as Buffer) };
  } catch (thrown) {
    const { code, message } = toScoringError(thrown);
    return { error: { code, message } };
  }
}

function inputOf({ dims, data }: Extract<PredictOrder, { tensor: unknown }>["tensor"]) {
  const dtype = data instanceof Float32Array ? "float32" : data.constructor.name.toLowerCase();
  return {
    dtype: dtype === "uint8array" ? "uint8" : dtype,
    dims,
    data: data as Float32Array | Uint8Array,
  };
}

export interface ScriptPoolSources {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly predictor: Predictor;
  /** Path of the bundled `scriptWorker.js`. */
  readonly entry: string;
}

/** The threads of the model package's entry script, not started yet; undefined when it has none. */
export function createScriptPool(sources: ScriptPoolSources): ScriptPool | undefined {
  const { settings, logger, predictor, entry } = sources;
  const { script, name, version, input, outputs } = predictor.model;
  if (!script) return undefined;
  const { lanes, batchSizes, scriptThreads, maxQueueSize, maxQueueWaitMs } = settings;
  const atOnce = lanes * (batchSizes.sizes.at(-1) ?? 1);
  const kept = Object.entries(process.env).filter(([key]) => !secrets.includes(key));
  return new ScriptPool({
    ...{ entry, logger, initTimeoutMs, maxQueueSize, maxQueueWaitMs },
    threads: scriptThreads || Math.min(maxScriptThreads, atOnce + 1),
    env: Object.fromEntries(kept),
    plan: {
      file: script,
      model: {
        ...{ name, version },
        input: { name: input.name, dtype: input.dtype, shape: input.shape },
        outputs: outputs.map(({ name, dtype, shape, kind, labels }) => ({
          ...{ name, dtype, shape, kind },
          ...(labels ? { labels } : {}),
        })),
      },
    },
    predict: (order, context) => predict(predictor, order, context),
  });
}
