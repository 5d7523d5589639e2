/** `npm run verify:image`: builds the scoring image with both builders, runs it as a platform would, and checks what it promises. */
import { makeBases } from "./bases";
import { buildCuda, verifyBuilds, verifyReproducible } from "./builds";
import { passedChecks } from "./checks";
import { Engine } from "./engine";
import { verifyQuota, verifyRefusal, verifyRun } from "./runs";

async function main(): Promise<void> {
  const engine = await Engine.start();
  try {
    makeBases(engine);
    const manifest = verifyBuilds(engine);
    await verifyQuota(engine, await verifyRun(engine));
    buildCuda(engine);
    verifyRefusal(engine);
    verifyReproducible(engine, manifest);
    console.log(`${passedChecks()} passed, 0 failed`);
  } finally {
    await engine.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.log(`${passedChecks()} passed, 1 failed`);
  process.exitCode = 1;
});
