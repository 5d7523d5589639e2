import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { priceItems } from "../../scripts/retailPrices";
import { readStack } from "../../scripts/stackFile";
import { stackItems } from "../../scripts/stackCost";
import { httpServer } from "../support/httpServer";

const root = path.join(__dirname, "..", "..");
const run = promisify(execFile);

/** A price in the shape of the Retail Prices API. */
const price = (fields: object) => ({
  currencyCode: "USD",
  tierMinimumUnits: 0,
  retailPrice: 1,
  unitPrice: 1,
  armRegionName: "eastus",
  location: "US East",
  effectiveStartDate: "2024-01-01T00:00:00Z",
  meterId: "00000000-0000-0000-0000-000000000000",
  meterName: "NC4as T4 v3",
  productId: "DZH318Z0",
  skuId: "DZH318Z0/0001",
  productName: "Virtual Machines NCasT4_v3 Series",
  skuName: "NC4as T4 v3",
  serviceName: "Virtual Machines",
  serviceId: "DZH313Z7MMC8",
  serviceFamily: "Compute",
  unitOfMeasure: "1 Hour",
  type: "Consumption",
  isPrimaryMeterRegion: true,
  armSkuName: "Standard_NC4as_T4_v3",
  ...fields,
});

/** The API: prices by what the filter asks for, those of machines on two pages. */
const prices = () =>
  httpServer(({ url }, response) => {
    const query = new URL(url, "http://localhost").searchParams;
    const filter = query.get("$filter") ?? "";
    const answer = (Items: object[], next: string | null = null) =>
      response.end(
        JSON.stringify({
          BillingCurrency: "USD",
          CustomerEntityId: "Default",
          CustomerEntityType: "Retail",
          Items,
          NextPageLink: next,
          Count: Items.length,
        }),
      );
    if (query.get("page") === "2") return answer([price({ retailPrice: 0.5 })]);
    if (filter.includes("Standard_NC4as_T4_v3")) {
      return answer(
        [
          price({ retailPrice: 0.9, productName: "Virtual Machines NCasT4_v3 Series Windows" }),
          price({ retailPrice: 0.1, skuName: "NC4as T4 v3 Spot" }),
          price({ retailPrice: 0.2, skuName: "NC4as T4 v3 Low Priority" }),
          price({ retailPrice: 999, type: "Reservation" }),
        ],
        `http://${String(response.req.headers.host)}/?page=2`,
      );
    }
    if (filter.includes("Standard_D4s_v5")) return answer([price({ retailPrice: 0.2 })]);
    if (filter.includes("Registry Unit")) {
      return answer([price({ retailPrice: 0.72, unitOfMeasure: "1/Day" })]);
    }
    if (filter.includes("Uptime SLA")) return answer([price({ retailPrice: 0.1 })]);
    if (filter.includes("Standard Included LB")) return answer([price({ retailPrice: 0.025 })]);
    if (filter.includes("Public IP")) return answer([price({ retailPrice: 0.005 })]);
    response.statusCode = 400;
    return response.end();
  });

const command = (...args: string[]) =>
  run(process.execPath, ["--import", "tsx", path.join(root, "scripts", "cost.ts"), ...args], {
    cwd: root,
  });

describe("npm run cost", () => {
  it("prints the hour and the month of a stack, line by line", async () => {
    const { url, seen, close } = await prices();
    try {
      const { stdout } = await command("--stack", "eastus", "--prices", url);
      assert.equal(
        stdout,
        [
          "eastus, USD, left running                        an hour       a month",
          "3 x Standard_NC4as_T4_v3                           1.500       1095.00",
          "2 x Standard_D4s_v5 (system)                       0.400        292.00",
          "AKS control plane, Standard                        0.100         73.00",
          "Container registry, Standard                       0.030         21.90",
          "Load balancer, Standard                            0.025         18.25",
          "2 x public address                                 0.010          7.30",
          "In all                                             2.065       1507.45",
          "Not counted, because they go by use: disks, traffic, logs, storage, Key Vault.",
          "",
        ].join("\n"),
      );
    } finally {
      await close();
    }
    const asked = decodeURIComponent(seen[0]?.url ?? "");
    assert.equal(
      asked,
      "/?currencyCode='USD'&$filter=serviceName eq 'Virtual Machines' and armRegionName eq 'eastus' and armSkuName eq 'Standard_NC4as_T4_v3' and priceType eq 'Consumption'",
    );
  });

  it("takes the spot price where the stack is spot", async () => {
    const { url, close } = await prices();
    try {
      const setting = readStack(root, "eastus");
      const items = stackItems((key) => (key === "spot" ? "true" : setting(key)));
      const [machines] = await priceItems(items.slice(0, 1), url);
      assert.equal(machines?.what, "3 x Standard_NC4as_T4_v3 (spot)");
      assert.equal(machines.hourly?.toFixed(3), "0.300");
    } finally {
      await close();
    }
  });

  it("says which prices are missing", async () => {
    const { url, close } = await httpServer((_, response) =>
      response.end(JSON.stringify({ Items: [], NextPageLink: null, Count: 0 })),
    );
    try {
      const { stdout } = await command("--stack", "westeurope", "--prices", url);
      assert.match(stdout, /^3 x Standard_NP10s +no price +no price$/m);
      assert.match(stdout, /^In all, at least +0\.000 +0\.00$/m);
    } finally {
      await close();
    }
  });

  it("costs nothing without Azure", async () => {
    assert.equal(
      (await command("--stack", "edge")).stdout,
      "edge leaves nothing running on Azure.\n",
    );
  });

  for (const [args, message] of [
    [[], "Name the stack: npm run cost -- --stack eastus\n"],
    [["--stack", "nowhere"], "There is no Pulumi.nowhere.yaml: name a stack with --stack\n"],
  ] as const) {
    it(`refuses ${args.join(" ") || "no stack"}`, async () => {
      await assert.rejects(command(...args), { code: 1, stderr: message });
    });
  }

  it("fails where the API does", async () => {
    const { url, close } = await httpServer((_, response) => {
      response.statusCode = 429;
      response.end();
    });
    try {
      await assert.rejects(command("--stack", "eastus", "--prices", url), {
        stderr: "The Retail Prices API answered 429\n",
      });
    } finally {
      await close();
    }
  });
});
