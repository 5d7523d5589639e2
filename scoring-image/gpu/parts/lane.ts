import { files, ladderOf, type Context } from "../context";
import { forkEntry, nextMessage } from "../children";
import type { LaneOrder, LaneReply, LaneReport } from "../floor/orders";
import type { ModelName } from "../options";

/** Longest time for a model to be opened, compared and measured, in milliseconds. */
const patienceMs = 90_000;

/** TF32 and float16 together stay far below; a wrong row, layout or normalisation does not. */
const mostDeviations = 0.05;

/**
 * Floor and equality of a model in one process, since opening it takes longest; should that fail,
 * the floor alone.
 */
export async function measureLane(context: Context, name: ModelName): Promise<void> {
  const { options, report, models, pictures } = context;
  const { only, provider, seconds } = options;
  const order: LaneOrder = {
    model: models.get(name) as string,
    ...{ provider, sizes: ladderOf(context), pictures },
    floorMs: only.includes("floor") ? 250 * seconds : undefined,
    comparesScores: only.includes("equality"),
  };
  report.heading(`floor and equality, ${name}`);
  try {
    keep(await laneReport(order));
  } catch (error) {
    if (order.floorMs === undefined || !order.comparesScores) throw error;
    report.check(`${name} is compared with the CPU`, false, (error as Error).message);
    keep(await laneReport({ ...order, comparesScores: false }));
  }

  function keep(seen: LaneReport): void {
    report.keep(`lane/${name}`, seen);
    show(context, seen);
  }
}

/** @throws Error why the process that runs the lane could not */
async function laneReport(order: LaneOrder): Promise<LaneReport> {
  const child = forkEntry(files.laneProcess, []);
  child.send(order);
  const reply = await nextMessage<LaneReply>(child, patienceMs);
  if ("error" in reply) throw new Error(reply.error);
  return reply.report;
}

function show({ report }: Context, { description, openMs, ...seen }: LaneReport): void {
  report.say(`${description}; open and warm after ${(openMs / 1000).toFixed(1)} s`);
  if (seen.floor) {
    const rows = seen.floor.map(({ size, ms, rowsPerSecond }) => [size, ms, rowsPerSecond]);
    report.table(["batch", "ms", "rows/s"], rows);
  }
  if (seen.decodeMs) {
    const times = Object.entries(seen.decodeMs).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
    report.say(`decode and resize in one thread, ms a picture: ${times.join(", ")}`);
  }
  if (!seen.equality) return;
  const rows = seen.equality.map(({ size, pictures, tensors }) => [
    ...[size, pictures.toExponential(1), tensors.toExponential(1)],
  ]);
  report.table(["batch", "pictures: deviations from the CPU", "tensors"], rows);
  const largest = Math.max(
    ...seen.equality.flatMap(({ pictures, tensors }) => [pictures, tensors]),
  );
  report.check(
    `scores are the CPU's within ${mostDeviations} standard deviations`,
    largest <= mostDeviations,
    `at most ${largest.toExponential(1)}`,
  );
}
