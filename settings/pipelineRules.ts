import { deviceMemoryGb } from "../components/catalogue/gpuShare";
import type { Values } from "./definitions";
import { problem, type Findings } from "./problems";
import type { NodeSettings } from "./shape";

/** Rules on what a picture's way to its scores is made of: batches, lanes and the GPU's memory. */
export function pipelineRules(values: Values, nodes: NodeSettings | undefined): Findings {
  return {
    problems: [
      ...(values.target !== "local" && values.accelerator === "fpga" ? fpgaProblems(values) : []),
      ...tritonProblems(values),
      ...memoryProblems(values, nodes),
    ],
    notices: [],
  };
}

function fpgaProblems(values: Values): string[] {
  const sizes = values["batch.sizes"]?.join(",") ?? "1";
  const found: string[] = [];
  if (sizes !== "1") {
    found.push(
      problem("batch.sizes", sizes, "an FPGA takes one picture at a time", "batch.sizes 1"),
    );
  }
  if (values.lanes > 1) {
    found.push(problem("lanes", values.lanes, "an FPGA takes one call at a time", "lanes 1"));
  }
  return found;
}

/** Triton refuses a batch above its own bound, and would do so at the first full one. */
function tritonProblems(values: Values): string[] {
  const sizes = values["batch.sizes"] ?? [];
  const config = values["runtime.modelConfig"] ?? "";
  const bound = Number(/^\s*max_batch_size\s*:\s*(\d+)/m.exec(config)?.[1] ?? 0);
  // 0 tells Triton that the batch is a dimension like the others, which the model itself bounds.
  if (values["runtime.kind"] !== "triton" || bound === 0 || Math.max(...sizes) <= bound) return [];
  return [
    problem(
      "batch.sizes",
      sizes.join(","),
      `runtime.modelConfig lets Triton take ${bound} (max_batch_size)`,
      `batch.sizes ${[...sizes.filter((size) => size < bound), bound].join(",")}`,
    ),
  ];
}

function memoryProblems(values: Values, nodes: NodeSettings | undefined): string[] {
  const limit = values.gpuMemoryLimit;
  if (limit === undefined) return [];
  const refused = (why: string, mend = '""') => [
    problem("gpuMemoryLimit", String(limit), why, `gpuMemoryLimit ${mend}`),
  ];
  if (values.target === "local") return refused("target local runs the model on the CPU");
  if (values.accelerator !== "gpu") {
    return refused(`accelerator is ${values.accelerator}, and only a GPU has a use for it`);
  }
  const kind = values["runtime.kind"];
  if (kind !== "none") {
    return refused(
      `runtime.kind is ${kind}, and the runtime itself decides what it takes of the GPU${kind === "triton" ? "; runtime.modelConfig tells it (gpu_mem_limit)" : ""}`,
    );
  }
  const profile = values.gpuInstanceProfile;
  const memoryGb = nodes && deviceMemoryGb(nodes.size, profile);
  return memoryGb !== undefined && limit > memoryGb
    ? refused(
        `${profile ? `a ${profile} slice` : "a GPU"} of ${nodes?.size.name} has ${memoryGb} GB`,
        String(Math.floor(memoryGb)),
      )
    : [];
}
