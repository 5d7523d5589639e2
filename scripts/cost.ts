import path from "node:path";
import { parseArgs } from "node:util";
import { priceItems, retailPricesUrl } from "./retailPrices";
import { readStack } from "./stackFile";
import { costTable, stackItems } from "./stackCost";

/** Prints what a stack costs to leave running: `npm run cost -- --stack eastus`. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      stack: { type: "string" },
      prices: { type: "string", default: retailPricesUrl },
    },
  });
  if (!values.stack) throw new Error("Name the stack: npm run cost -- --stack eastus");
  const items = stackItems(readStack(path.join(__dirname, ".."), values.stack));
  process.stdout.write(`${costTable(values.stack, await priceItems(items, values.prices))}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
