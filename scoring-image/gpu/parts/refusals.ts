import { variables } from "../../src/contract";
import { files, serverEnvironment, type Context } from "../context";
import { ServerProcess, type Start } from "../server/serverProcess";

type Environment = Readonly<Record<string, string>>;

/** Too little for the weights of any model and its buffers. */
const tinyLimit = 48_000_000;

/** Enough for a part of the ladder. */
const smallLimit = 1_000_000_000;

/** Starts a server that must end by itself with one line. */
async function checkRefused(
  { report }: Context,
  claim: string,
  env: Environment,
  line: RegExp,
): Promise<void> {
  const start = await ServerProcess.start({ entry: files.server, env });
  if ("server" in start) {
    await start.server.stop();
    report.check(claim, false, "the server became ready");
    return;
  }
  const { code, lines } = start;
  const isRight = code === 1 && lines.length === 1 && line.test(lines[0] as string);
  report.check(claim, isRight, `exit ${code}, ${lines.length} line(s): ${lines.join(" / ")}`);
}

const firstModel = ({ models, options }: Context) => models.get(options.models[0]!) as string;

/** A GPU that is asked for and not there, and a model that would partly run on the CPU. */
export async function checkRefusals(context: Context): Promise<void> {
  const { options, report, models } = context;
  report.heading("refusals");
  const model = firstModel(context);
  const withoutGpu = { ...serverEnvironment(context, model), CUDA_VISIBLE_DEVICES: "" };
  await checkRefused(
    context,
    "without a GPU the server does not start",
    { ...withoutGpu, [variables.executionProvider]: "cuda" },
    /^EXECUTION_PROVIDER is "cuda", but .*cannot run there/,
  );
  const fallingBack = serverEnvironment(context, models.get("falls-back") as string);
  if (options.provider === "cuda") {
    const claim = "a model with a convolution that falls back to the CPU is refused";
    await checkRefused(context, claim, fallingBack, /ConvInteger/);
    return;
  }
  const start = await ServerProcess.start({ entry: files.server, env: fallingBack });
  const isReady = "server" in start;
  report.check("that model is served on a CPU", isReady, isReady ? "ready" : start.lines.join());
  if (isReady) await start.server.stop();
}

/** Limits on the GPU's memory; in a dry run, that a CPU has none. */
export async function checkMemory(context: Context): Promise<void> {
  const { options, report } = context;
  report.heading("memory limit");
  const env = serverEnvironment(context, firstModel(context));
  if (options.provider === "cpu") {
    const limited = { ...env, [variables.gpuMemoryLimit]: String(smallLimit) };
    await checkRefused(context, "a CPU has no limit of GPU memory", limited, /^GPU_MEMORY_LIMIT/);
    return;
  }
  const asked = { [variables.batchSizes]: "64", [variables.gpuMemoryLimit]: String(tinyLimit) };
  const claim = `batches of 64 in ${tinyLimit / 1e6} MB are refused`;
  await checkRefused(context, claim, { ...env, ...asked }, /memory/i);
  const limited = { ...env, [variables.gpuMemoryLimit]: String(smallLimit) };
  await checkLimited(context, await ServerProcess.start({ entry: files.server, env: limited }));
}

/** The default ladder may lose its largest sizes, or none may fit. */
async function checkLimited({ report }: Context, start: Start): Promise<void> {
  const claim = `the default ladder fits ${smallLimit / 1e6} MB, or is refused`;
  if (!("server" in start)) {
    const isRefused =
      start.code === 1 && start.lines.length === 1 && /memory/i.test(start.lines[0]!);
    report.check(claim, isRefused, start.lines.join(" / "));
    return;
  }
  const ladder = start.server.log.find((line) => line.includes('"sizes"')) ?? "";
  report.check(claim, (await start.server.readiness()) === 200, ladder);
  await start.server.stop();
}
