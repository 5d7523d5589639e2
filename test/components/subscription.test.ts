import assert from "node:assert/strict";
import { findVmSize } from "../../components/catalogue/vmSizes";
import { checkSubscription } from "../../components/subscription";
import { httpServer } from "../support/httpServer";

const t4 = findVmSize("Standard_NC4as_T4_v3");
const d4 = findVmSize("Standard_D4s_v5");
assert(t4 && d4);
const demands = [
  { size: t4, count: 3 },
  { size: d4, count: 2 },
];

const sku = (name: string, family: string, restrictions: object[] = []) => ({
  resourceType: "virtualMachines",
  name,
  family,
  restrictions,
});
const usage = (value: string, localizedValue: string, currentValue: number, limit: number) => ({
  name: { value, localizedValue },
  currentValue,
  limit,
});

/** Azure Resource Manager with one page of usages and two of sizes. */
async function check(sizes: readonly object[], usages: readonly object[], status = 200) {
  const server = await httpServer(({ url }, response) => {
    response.statusCode = status;
    const page = url.includes("/usages")
      ? { value: usages }
      : url.includes("page=2")
        ? { value: sizes.slice(1) }
        : { value: sizes.slice(0, 1), nextLink: `${server.url}/next?page=2` };
    response.end(JSON.stringify(page));
  });
  try {
    const found = await checkSubscription(
      { endpoint: server.url, token: "arm", subscriptionId: "sub" },
      "eastus",
      demands,
    );
    return { ...found, seen: server.seen };
  } finally {
    await server.close();
  }
}

const bothSizes = [
  sku("Standard_NC4as_T4_v3", "Standard NCASv3_T4 Family"),
  sku("Standard_D4s_v5", "standardDSv5Family"),
];
const enough = [
  usage("Standard NCASv3_T4 Family", "Standard NCASv3_T4 Family vCPUs", 0, 24),
  usage("standardDSv5Family", "Standard DSv5 Family vCPUs", 0, 10),
];

describe("the subscription", () => {
  it("is asked in the deployer's name, page by page, and has nothing to say when all fits", async () => {
    const { problems, notices, seen } = await check(bothSizes, enough);
    assert.deepEqual({ problems, notices }, { problems: [], notices: [] });
    assert.equal(seen.length, 3);
    assert(seen.every(({ headers }) => headers.authorization === "Bearer arm"));
    assert.equal(
      seen[0]?.url,
      "/subscriptions/sub/providers/Microsoft.Compute/skus?api-version=2021-07-01&$filter=location%20eq%20%27eastus%27",
    );
  });

  it("refuses a size that it may not use", async () => {
    const closed = { type: "Location", reasonCode: "NotAvailableForSubscription" };
    const { problems } = await check(
      [sku("Standard_NC4as_T4_v3", "x", [closed]), bothSizes[1] ?? {}],
      enough,
    );
    assert.deepEqual(problems, [
      "Standard_NC4as_T4_v3 is closed to this subscription in eastus (NotAvailableForSubscription): ask Azure support to open it, or choose another size or region.",
    ]);
  });

  it("refuses a size that does not exist there", async () => {
    const { problems } = await check(bothSizes.slice(1), enough);
    assert.deepEqual(problems, [
      "Standard_NC4as_T4_v3 does not exist in eastus for this subscription.",
    ]);
  });

  it("refuses more than the quota", async () => {
    const { problems } = await check(bothSizes, [
      usage("Standard NCASv3_T4 Family", "Standard NCASv3_T4 Family vCPUs", 0, 8),
    ]);
    assert.deepEqual(problems, [
      'The quota "Standard NCASv3_T4 Family vCPUs" is 8 vCPU in eastus, this stack needs 12: ask for more under Quotas in the portal.',
    ]);
  });

  it("warns of a quota that others may have used up", async () => {
    const { problems, notices } = await check(bothSizes, [
      usage("Standard NCASv3_T4 Family", "Standard NCASv3_T4 Family vCPUs", 12, 16),
    ]);
    assert.deepEqual(problems, []);
    assert.deepEqual(notices, [
      'The quota "Standard NCASv3_T4 Family vCPUs" has 4 of 16 vCPU left in eastus, this stack needs 12; enough only if those in use are its own.',
    ]);
  });

  it("fails where Azure Resource Manager refuses the question", async () => {
    await assert.rejects(check(bothSizes, enough, 403), {
      message: "Azure Resource Manager answered 403",
    });
  });
});
