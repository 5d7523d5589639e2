import { parseArgs } from "node:util";
import { pulumiCommand } from "./pulumiCommand";

const usage = [
  "npm run keys -- list [--stack S]",
  "npm run keys -- regenerate primary|secondary [--set K] [--stack S]",
].join("\n");

/** Lists the service's keys, or replaces one while the other goes on working. */
function main(): void {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { stack: { type: "string" }, set: { type: "string" } },
  });
  const stack = values.stack ? ["--stack", values.stack] : [];
  const [action, which, ...rest] = positionals;
  if (action === "list" && which === undefined) {
    list(stack);
  } else if (
    action === "regenerate" &&
    (which === "primary" || which === "secondary") &&
    rest.length === 0
  ) {
    regenerate(which, values.set, stack);
  } else {
    throw new Error(usage);
  }
}

function list(stack: readonly string[]): void {
  const outputs = JSON.parse(
    pulumiCommand(["stack", "output", "--json", "--show-secrets", ...stack]),
  ) as Record<string, string | undefined>;
  for (const which of ["primary", "secondary"]) {
    process.stdout.write(`${which}: ${outputs[`${which}Key`] ?? "none, the service is open"}\n`);
  }
}

function regenerate(
  which: "primary" | "secondary",
  key: string | undefined,
  stack: readonly string[],
): void {
  const name = `${which}Key`;
  if (key !== undefined) {
    pulumiCommand(["config", "set", "--secret", name, ...stack], key);
  } else {
    const generation = `${name}Generation`;
    const config = JSON.parse(pulumiCommand(["config", "--json", ...stack])) as Record<
      string,
      { readonly value?: string } | undefined
    >;
    const value = (setting: string) => config[`accelerated-scoring:${setting}`]?.value;
    pulumiCommand([
      "config",
      "set",
      generation,
      String(Number(value(generation) ?? 1) + 1),
      ...stack,
    ]);
    // A key of the user's own would hide the generated one.
    if (`accelerated-scoring:${name}` in config) pulumiCommand(["config", "rm", name, ...stack]);
  }
  process.stdout.write(pulumiCommand(["up", "--yes", "--skip-preview", ...stack]));
  process.stdout.write(`The ${which} key has been replaced; the other one is as it was.\n`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
