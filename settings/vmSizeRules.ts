import { cudaMinimum, computeCapability } from "../components/catalogue/computeCapability";
import { defaultVmSizes, findVmSize, vmSizes, type VmSize } from "../components/catalogue/vmSizes";
import type { Values } from "./definitions";
import { problem, type Findings } from "./problems";

/** The size a stack runs on: its own `vmSize`, or the default of its accelerator; none for an FPGA stack. */
export function chosenSizeName({
  accelerator,
  vmSize,
}: Pick<Values, "accelerator" | "vmSize">): string | undefined {
  return vmSize ?? (accelerator === "fpga" ? undefined : defaultVmSizes[accelerator]);
}

const year = (from: Date) => {
  const date = new Date(from);
  date.setUTCFullYear(date.getUTCFullYear() + 1);
  return date;
};

const kindOf = (size: VmSize) => size.accelerator?.kind ?? "cpu";

function sizeProblem(
  key: string,
  size: VmSize,
  location: string,
  allowRetired: boolean,
  now: Date,
): string[] {
  const { name, status, retirementDate, successor, regions } = size;
  const gone = status === "retired" || (retirementDate && new Date(retirementDate) <= now);
  const found: string[] = [];
  if (gone && !allowRetired) {
    const when = retirementDate
      ? `Azure retired it on ${retirementDate}`
      : "Azure no longer offers it (no notice with a date was found)";
    found.push(
      problem(
        key,
        name,
        `${when}${successor ? `, its successor is ${successor}` : ""}; clouds that still have it need allowRetiredVmSize`,
        `${key} ${successor ?? defaultVmSizes.gpu}`,
      ),
    );
  }
  if (regions && !regions.includes(location)) {
    found.push(
      problem(
        key,
        name,
        `the size exists only in ${regions.join(", ")}, not in ${location}`,
        `azure-native:location ${regions[0] ?? ""}`,
      ),
    );
  }
  return found;
}

function sizeNotices(key: string, size: VmSize, now: Date): string[] {
  const { name, retirementDate, successor, status } = size;
  const notices: string[] = [];
  if (retirementDate && new Date(retirementDate) > now && new Date(retirementDate) <= year(now)) {
    notices.push(
      `${key} is "${name}": Azure retires it on ${retirementDate}, within a year; AKS does not move the nodes, plan for ${successor ?? "another size"}.`,
    );
  }
  if (size.accelerator?.kind === "fpga" && status === "restricted") {
    notices.push(
      `FPGA: ${name} ends on ${retirementDate}; Azure then deallocates its machines.`,
      `FPGA: ${name} is closed to new subscriptions; yours must already have quota for it.`,
      "FPGA: AKS support for the NP series is being retired, and no current node image has been shown to drive its cards.",
    );
  } else if (status === "restricted") {
    notices.push(
      `${key} is "${name}": new subscriptions cannot create it and nobody gets more quota for it.`,
    );
  }
  return notices;
}

/** Rules on the sizes of both pools: known, of the right kind, not retired, in the region. */
export function vmSizeRules(
  values: Pick<
    Values,
    | "accelerator"
    | "vmSize"
    | "allowRetiredVmSize"
    | "systemVmSize"
    | "runtime.kind"
    | "runtime.image"
    | "image.build"
  >,
  location: string,
  now: Date,
): Findings {
  const { accelerator, allowRetiredVmSize, systemVmSize } = values;
  const problems: string[] = [];
  const notices: string[] = [];
  const chosen = chosenSizeName(values);
  if (chosen === undefined) {
    problems.push(
      problem(
        "vmSize",
        undefined,
        "an FPGA stack must name its size, since the last of them is being retired and nothing is chosen silently",
        "vmSize Standard_NP10s",
      ),
    );
  }
  for (const [key, name] of [
    ["vmSize", chosen],
    ["systemVmSize", systemVmSize],
  ] as const) {
    if (name === undefined) continue;
    const size = findVmSize(name);
    if (!size) {
      problems.push(
        problem(
          key,
          name,
          `the catalogue has no such size, only ${names(wantedKind(key, accelerator))}`,
          example(key, accelerator),
        ),
      );
      continue;
    }
    const unavailable = sizeProblem(key, size, location, allowRetiredVmSize, now);
    problems.push(...unavailable);
    if (key === "vmSize" && unavailable.length === 0) problems.push(...cudaProblems(size, values));
    notices.push(...sizeNotices(key, size, now));
    problems.push(...kindProblems(key, size, accelerator));
  }
  return { problems, notices };
}

/** Whether the size has what its pool is for. */
function kindProblems(
  key: "vmSize" | "systemVmSize",
  size: VmSize,
  accelerator: Values["accelerator"],
): string[] {
  const found: string[] = [];
  const wanted = wantedKind(key, accelerator);
  if (kindOf(size) !== wanted) {
    found.push(
      problem(
        key,
        size.name,
        key === "vmSize"
          ? `accelerator is ${accelerator}, but this size has ${described(size)}; a service that asks for an accelerator is refused on nodes without it`
          : `the system pool must not have an accelerator, but this size has ${described(size)}`,
        example(key, accelerator),
      ),
    );
  }
  if (
    size.accelerator?.kind === "gpu" &&
    size.accelerator.vendor !== "nvidia" &&
    wanted === "gpu"
  ) {
    found.push(
      problem(
        key,
        size.name,
        `the scoring image drives NVIDIA GPUs, this size has ${described(size)}`,
        example(key, accelerator),
      ),
    );
  }
  if (key === "systemVmSize" && size.vcpus < 4) {
    found.push(
      problem(
        key,
        size.name,
        `AKS asks for system nodes of at least 4 vCPU, it has ${size.vcpus}`,
        "systemVmSize Standard_D4s_v5",
      ),
    );
  }
  return found;
}

/** The CUDA image that a stack builds has no code for older GPUs, nor has the Triton that it takes unless told; an image of one's own may have. */
function cudaProblems(
  { name, accelerator }: VmSize,
  values: Pick<Values, "accelerator" | "runtime.kind" | "runtime.image" | "image.build">,
): string[] {
  if (values.accelerator !== "gpu" || accelerator?.vendor !== "nvidia") return [];
  const isOwn =
    values["runtime.kind"] === "none"
      ? values["image.build"] === "none"
      : values["runtime.image"] !== undefined;
  if (isOwn) return [];
  const { architecture, model } = accelerator;
  const capability = computeCapability[architecture];
  if (capability === undefined || capability >= cudaMinimum.capability) return [];
  return [
    problem(
      "vmSize",
      name,
      `its ${model} is a ${architecture} GPU of compute capability ${capability.toFixed(1)}, and CUDA 13, of our image and of the default Triton, begins at ${cudaMinimum.capability} (${cudaMinimum.architecture}); take a newer size, or with CUDA 12 a Triton (runtime.kind triton, runtime.image) or an image of your own (image.build none)`,
      `vmSize ${defaultVmSizes.gpu}`,
    ),
  ];
}

const described = ({ accelerator }: VmSize): string =>
  accelerator
    ? `${accelerator.count} ${accelerator.kind.toUpperCase()} (${accelerator.model})`
    : "no accelerator";

/** What the nodes of a pool have: only the scoring nodes have accelerators. */
const wantedKind = (key: "vmSize" | "systemVmSize", accelerator: Values["accelerator"]) =>
  key === "vmSize" ? accelerator : "cpu";

const names = (kind: Values["accelerator"]): string =>
  vmSizes
    .filter((size) => size.status !== "retired" && kindOf(size) === kind)
    .map(({ name }) => name)
    .join(", ");

const example = (key: string, accelerator: Values["accelerator"]): string =>
  key === "systemVmSize"
    ? "systemVmSize Standard_D4s_v5"
    : `vmSize ${accelerator === "fpga" ? "Standard_NP10s" : defaultVmSizes[accelerator]}`;
