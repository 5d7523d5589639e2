import type { VmSize } from "./vmSizes";

/** A profile of `gpuInstanceProfile`, which splits a card. */
export type MigProfile = "MIG1g" | "MIG2g" | "MIG3g" | "MIG4g" | "MIG7g";

/**
 * What a slice has of its card: sevenths of the multiprocessors, eighths of the memory.
 * See https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html
 */
const slices: Readonly<
  Record<MigProfile, { readonly sevenths: number; readonly eighths: number }>
> = {
  MIG1g: { sevenths: 1, eighths: 1 },
  MIG2g: { sevenths: 2, eighths: 2 },
  MIG3g: { sevenths: 3, eighths: 4 },
  MIG4g: { sevenths: 4, eighths: 4 },
  MIG7g: { sevenths: 7, eighths: 8 },
};

/**
 * GB of a device that a pod asks for: a card's, or its slice's; undefined where no page states it.
 */
export function deviceMemoryGb(
  { accelerator }: VmSize,
  profile: MigProfile | undefined,
): number | undefined {
  if (accelerator?.memoryGb === undefined) return undefined;
  return (accelerator.memoryGb * (profile ? slices[profile].eighths : 8)) / 8;
}

/**
 * Cores that decode pictures of preset `reference` as fast as a whole card scores them with a
 * network such as ResNet-50 in float16. The ends are 2 for a T4, and 13 for an H200, which ran
 * 10,600 pictures/s, reckoned with 1.2 ms of a core for each. Between them the numbers follow the
 * cards' dense float16 throughput (65 TFLOPS to 990), cores = 2 x (TFLOPS / 65) ^ 0.69, rounded.
 */
const wholeCard: Readonly<Record<string, number>> = {
  T4: 2,
  A10: 3,
  V100: 3,
  A100: 6,
  "RTX PRO 6000": 8,
  H100: 12,
  H200: 13,
};

/** GB of the whole card, of those that Azure sells in parts. */
const wholeMemoryGb: Readonly<Record<string, number>> = { A10: 24 };

/**
 * Cores that keep one device supplied with pictures, at least 1: an estimate, see `wholeCard`.
 * @returns undefined for a card that the table does not have
 */
export function coresToFeed(
  { accelerator }: VmSize,
  profile: MigProfile | undefined,
): number | undefined {
  const cores = wholeCard[accelerator?.model ?? ""];
  if (accelerator === undefined || cores === undefined) return undefined;
  const whole = wholeMemoryGb[accelerator.model];
  const part = whole === undefined ? 1 : (accelerator.memoryGb ?? whole) / whole;
  return Math.max(1, Math.ceil(cores * part * (profile ? slices[profile].sevenths / 7 : 1)));
}
