/** The accelerator of one VM size, as a Kubernetes node offers it. */
export interface Accelerator {
  readonly kind: "gpu" | "fpga";
  /** Decides which device plugin and which container image fit. */
  readonly vendor: "nvidia" | "amd" | "intel";
  readonly model: string;
  /** Devices that a pod can ask for; a fraction of a card counts as one device. */
  readonly count: number;
  /** Memory of each device in GB; undefined where no page states it. */
  readonly memoryGb: number | undefined;
  readonly architecture: string;
}

/** One Azure VM size. Sizes without an accelerator serve the system pool and `accelerator: cpu`. */
export interface VmSize {
  readonly name: string;
  readonly vcpus: number;
  /** GB of the whole node; 0 where no page states it. */
  readonly memoryGb: number;
  readonly accelerator?: Accelerator;
  /** `restricted` sizes run on but are closed to new subscriptions. */
  readonly status: "current" | "restricted" | "retired";
  /** ISO date from which Azure deallocates the size's machines; absent where no notice names one. */
  readonly retirementDate?: string;
  /** What Azure advises instead. */
  readonly successor?: string;
  /** Regions that have the size at all; absent where it is not limited by itself. */
  readonly regions?: readonly string[];
  /** Name of the size's quota as the portal shows it, where a page states it. */
  readonly quota?: string;
}

type Row = readonly [name: string, vcpus: number, memoryGb: number, count: number, gpuGb?: number];
type Family = Pick<VmSize, "status" | "retirementDate" | "successor" | "regions" | "quota"> &
  Omit<Accelerator, "count" | "memoryGb">;

const family = (
  { kind, vendor, model, architecture, status, retirementDate, successor, regions, quota }: Family,
  ...rows: readonly Row[]
): VmSize[] =>
  rows.map(([name, vcpus, memoryGb, count, gpuGb]) => ({
    name: `Standard_${name}`,
    vcpus,
    memoryGb,
    accelerator: { kind, vendor, model, count, memoryGb: gpuGb, architecture },
    status,
    ...(retirementDate === undefined ? {} : { retirementDate }),
    ...(successor === undefined ? {} : { successor }),
    ...(regions === undefined ? {} : { regions }),
    ...(quota === undefined ? {} : { quota }),
  }));

const nvidia = (model: string, architecture: string) =>
  ({ kind: "gpu", vendor: "nvidia", model, architecture, status: "current" }) as const;
const retired = (retirementDate: string, successor: string) =>
  ({ status: "retired", retirementDate, successor }) as const;

const general = (
  name: string,
  vcpus: number,
  memoryGb: number,
  status: VmSize["status"],
): VmSize => ({
  name: `Standard_${name}`,
  vcpus,
  memoryGb,
  status,
});

const t4 = "Standard_NC4as_T4_v3";
const h100 = "Standard_NC40ads_H100_v5";
const a10 = "Standard_NV12ads_A10_v5";

/** The reference system's four regions: the only ones that had `Standard_PB6s`. */
const pbRegions = ["eastus", "westus2", "westeurope", "southeastasia"];

const npRegions = [
  "eastus",
  "westus2",
  "southcentralus",
  "westeurope",
  "southeastasia",
  "japaneast",
  "canadacentral",
];

/**
 * Every VM size the program knows. A fractional GPU is one device to Kubernetes, although the Resource SKUs API also
 * reports 1; it reports FPGAs as GPUs too, which is why this table exists (Azure's size and retirement pages, 2026-09).
 */
export const vmSizes: readonly VmSize[] = [
  ...family(
    nvidia("T4", "Turing"),
    ["NC4as_T4_v3", 4, 28, 1, 16],
    ["NC8as_T4_v3", 8, 56, 1, 16],
    ["NC16as_T4_v3", 16, 110, 1, 16],
    ["NC64as_T4_v3", 64, 440, 4, 16],
  ),
  ...family(
    nvidia("A10", "Ampere"),
    ["NV6ads_A10_v5", 6, 55, 1, 4],
    ["NV12ads_A10_v5", 12, 110, 1, 8],
    ["NV18ads_A10_v5", 18, 220, 1, 12],
    ["NV36ads_A10_v5", 36, 440, 1, 24],
    ["NV36adms_A10_v5", 36, 880, 1, 24],
    ["NV72ads_A10_v5", 72, 880, 2, 24],
    ["NC8ads_A10_v4", 8, 100, 1],
    ["NC16ads_A10_v4", 16, 200, 1],
    ["NC32ads_A10_v4", 32, 400, 2],
  ),
  ...family(
    nvidia("A100", "Ampere"),
    ["NC24ads_A100_v4", 24, 220, 1, 80],
    ["NC48ads_A100_v4", 48, 440, 2, 80],
    ["NC96ads_A100_v4", 96, 880, 4, 80],
    ["ND96asr_v4", 96, 900, 8, 40],
    ["ND96amsr_A100_v4", 96, 1800, 8, 80],
  ),
  ...family(
    nvidia("H100", "Hopper"),
    ["NC40ads_H100_v5", 40, 320, 1, 94],
    ["NC80adis_H100_v5", 80, 640, 2, 94],
    ["NCC40ads_H100_v5", 40, 320, 1],
    ["ND96isr_H100_v5", 96, 1900, 8, 80],
  ),
  ...family(nvidia("H200", "Hopper"), ["ND96isr_H200_v5", 96, 1850, 8, 141]),
  ...family(
    nvidia("RTX PRO 6000", "Blackwell"),
    ["NC36ds_xl_RTXPRO6000BSE_v6", 36, 132, 1],
    ["NC72ds_xl_RTXPRO6000BSE_v6", 72, 264, 1],
    ["NC144ds_xl_RTXPRO6000BSE_v6", 144, 516, 1, 96],
    ["NC288ds_xl_RTXPRO6000BSE_v6", 288, 1032, 2, 96],
  ),
  ...family(nvidia("V100", "Volta"), ["ND40rs_v2", 40, 672, 8, 32]),
  ...family({ ...nvidia("MI300X", "CDNA3"), vendor: "amd" }, ["ND96isr_MI300X_v5", 96, 1850, 8]),
  ...family(
    { ...nvidia("V100", "Volta"), ...retired("2025-09-30", h100) },
    ["NC6s_v3", 6, 112, 1, 16],
    ["NC12s_v3", 12, 224, 2, 16],
    ["NC24s_v3", 24, 448, 4, 16],
    ["NC24rs_v3", 24, 448, 4, 16],
  ),
  ...family(
    { ...nvidia("K80", "Kepler"), ...retired("2023-09-06", t4) },
    ["NC6", 6, 56, 1, 12],
    ["NC12", 12, 112, 2, 12],
    ["NC24", 24, 224, 4, 12],
    ["NC24r", 24, 224, 4, 12],
  ),
  ...family(
    { ...nvidia("P40", "Pascal"), ...retired("2023-09-06", t4) },
    ["ND6s", 6, 112, 1, 24],
    ["ND12s", 12, 224, 2, 24],
    ["ND24s", 24, 448, 4, 24],
    ["ND24rs", 24, 448, 4, 24],
  ),
  ...family(
    { ...nvidia("M60", "Maxwell"), ...retired("2023-09-06", a10) },
    ["NV6", 6, 56, 1, 8],
    ["NV12", 12, 112, 2, 8],
    ["NV24", 24, 224, 4, 8],
  ),
  ...family(
    { ...nvidia("M60", "Maxwell"), ...retired("2026-09-30", a10) },
    ["NV12s_v3", 12, 112, 1, 8],
    ["NV24s_v3", 24, 224, 2, 8],
    ["NV48s_v3", 48, 448, 4, 8],
  ),
  ...family(
    { ...nvidia("MI25", "GCN"), vendor: "amd", ...retired("2026-09-30", a10) },
    ["NV4as_v4", 4, 14, 1, 2],
    ["NV8as_v4", 8, 28, 1, 4],
    ["NV16as_v4", 16, 56, 1, 8],
    ["NV32as_v4", 32, 112, 1, 16],
  ),
  ...family(
    {
      kind: "fpga",
      vendor: "amd",
      model: "Alveo U250",
      architecture: "UltraScale+",
      status: "restricted",
      retirementDate: "2027-05-31",
      successor: t4,
      regions: npRegions,
    },
    ["NP10s", 10, 168, 1, 64],
    ["NP20s", 20, 336, 2, 64],
    ["NP40s", 40, 672, 4, 64],
  ),
  // No notice with a date was found for PB6s; it is in no list of sizes any more.
  ...family(
    {
      kind: "fpga",
      vendor: "intel",
      model: "Arria 10",
      architecture: "Arria 10",
      status: "retired",
      successor: "Standard_NP10s",
      regions: pbRegions,
      quota: "Standard PBS Family vCPUs",
    },
    ["PB6s", 6, 0, 1],
  ),
  general("D2s_v5", 2, 8, "current"),
  general("D4s_v5", 4, 16, "current"),
  general("D8s_v5", 8, 32, "current"),
  general("D16s_v5", 16, 64, "current"),
  general("D4as_v5", 4, 16, "current"),
  general("D8as_v5", 8, 32, "current"),
  general("D16as_v5", 16, 64, "current"),
  // Closed to new subscriptions since July 2026: never a default.
  general("D3_v2", 4, 14, "restricted"),
  general("DS2_v2", 2, 7, "restricted"),
  general("DS3_v2", 4, 14, "restricted"),
  general("D4s_v3", 4, 16, "restricted"),
  general("D8s_v3", 8, 32, "restricted"),
  general("F4s_v2", 4, 8, "restricted"),
  general("F8s_v2", 8, 16, "restricted"),
  general("B4ms", 4, 16, "restricted"),
];

/** The size's row, or undefined for one the table does not have. Names are compared as Azure does: without case. */
export const findVmSize = (name: string): VmSize | undefined =>
  vmSizes.find((size) => size.name.toLowerCase() === name.toLowerCase());

/** Sizes used unless a stack names one. An FPGA stack must name its own: the last of them is being retired. */
export const defaultVmSizes = { gpu: t4, cpu: "Standard_D4s_v5" } as const;

/** MIG profiles of `gpuInstanceProfile` and how many devices each makes of one card (AKS, multi-instance GPU). */
export const migDevices = { MIG1g: 7, MIG2g: 3, MIG3g: 2, MIG4g: 1, MIG7g: 1 } as const;

/** Card models that AKS can split by `gpuInstanceProfile`. */
export const migModels: readonly string[] = ["A100", "H100", "H200"];
