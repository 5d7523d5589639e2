import { defaultVmSizes } from "../components/catalogue/vmSizes";
import { hoursPerMonth, type CostItem, type CostLine } from "./retailPrices";

/** What a stack leaves running day and night, by its own settings; nothing on a cluster that exists or on this machine. */
export function stackItems(setting: (key: string) => string): CostItem[] {
  if (setting("target") !== "azure") return [];
  const armRegionName = setting("azure-native:location");
  const sku = setting("registrySku");
  const addresses = setting("loadBalancer") === "public" ? 2 : 1;
  return [
    ...machineItems(setting, armRegionName),
    ...(setting("clusterPurpose") === "fastProd"
      ? [
          {
            what: "AKS control plane, Standard",
            quantity: 1,
            filter: {
              serviceName: "Azure Kubernetes Service",
              armRegionName,
              meterName: "Standard Uptime SLA",
            },
          },
        ]
      : []),
    {
      what: `Container registry, ${sku}`,
      quantity: 1,
      filter: {
        serviceName: "Container Registry",
        armRegionName,
        meterName: `${sku} Registry Unit`,
      },
    },
    {
      what: "Load balancer, Standard",
      quantity: 1,
      filter: {
        serviceName: "Load Balancer",
        armRegionName,
        meterName: "Standard Included LB Rules and Outbound Rules",
      },
    },
    {
      what: `${addresses} x public address`,
      quantity: addresses,
      filter: {
        serviceName: "Virtual Network",
        armRegionName,
        meterName: "Standard IPv4 Static Public IP",
      },
    },
  ];
}

const row = (what: string, hour: string, month: string) =>
  `${what.padEnd(44)}${hour.padStart(12)}${month.padStart(14)}`;

/** The lines as a table, USD by the hour and by the month of 730 hours, and what they leave out. */
export function costTable(stack: string, lines: readonly CostLine[]): string {
  if (lines.length === 0) return `${stack} leaves nothing running on Azure.`;
  const priced = lines.filter(({ hourly }) => hourly !== undefined);
  const total = priced.reduce((sum, { hourly = 0 }) => sum + hourly, 0);
  const money = (value: number) => value.toFixed(2);
  return [
    row(`${stack}, USD, left running`, "an hour", "a month"),
    ...lines.map(({ what, hourly }) =>
      hourly === undefined
        ? row(what, "no price", "no price")
        : row(what, hourly.toFixed(3), money(hourly * hoursPerMonth)),
    ),
    row(
      priced.length === lines.length ? "In all" : "In all, at least",
      total.toFixed(3),
      money(total * hoursPerMonth),
    ),
    "Not counted, because they go by use: disks, traffic, logs, storage, Key Vault.",
  ].join("\n");
}

function machineItems(setting: (key: string) => string, armRegionName: string): CostItem[] {
  const accelerator = setting("accelerator") as "gpu" | "fpga" | "cpu";
  const vmSize = setting("vmSize") || (accelerator === "fpga" ? "" : defaultVmSizes[accelerator]);
  if (vmSize === "") throw new Error("An FPGA stack must name its vmSize");
  const spot = setting("spot") === "true";
  const machines = (count: string, size: string, note: string): CostItem => ({
    what: `${count} x ${size}${note}`,
    quantity: Number(count),
    filter: { serviceName: "Virtual Machines", armRegionName, armSkuName: size },
  });
  return [
    { ...machines(setting("nodeCount"), vmSize, spot ? " (spot)" : ""), spot },
    machines(setting("systemNodeCount"), setting("systemVmSize"), " (system)"),
  ];
}
