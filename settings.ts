import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { listModels } from "./components/catalogue/models";
import { listSources } from "./components/catalogue/modelSources";
import { findVmSize } from "./components/catalogue/vmSizes";
import { nameProblems } from "./components/names";
import { capacityRules, rolloutNotices } from "./settings/capacityRules";
import { ConfigValues } from "./settings/configValues";
import { definitions, secretKeys, type Given, type Key, type Values } from "./settings/definitions";
import { environmentRules } from "./settings/environmentRules";
import { feedingNotices, requestsOf } from "./settings/gpuRequests";
import { modelRules } from "./settings/modelRules";
import { pipelineRules } from "./settings/pipelineRules";
import { nodesOf, poolRules, regionRules } from "./settings/poolRules";
import { merge, problem, type Findings } from "./settings/problems";
import type { Parser } from "./settings/parsers";
import { runtimeImageOf, runtimeRules } from "./settings/runtimeRules";
import { serviceRules } from "./settings/serviceRules";
import type { NodeSettings, Settings } from "./settings/shape";
import { chosenSizeName, vmSizeRules } from "./settings/vmSizeRules";

/** Folder of the scoring image's Docker context. */
export const imageFolder = path.join(__dirname, "scoring-image");

/** Folder of the model packages. */
export const modelsFolder = path.join(imageFolder, "models");

const none: Findings = { problems: [], notices: [] };

/**
 * Reads the stack's configuration; the only place that does.
 * @param now the day against which retirement dates are held
 * @throws pulumi.RunError with one line for each problem, naming key, value, what is allowed and the line that mends it
 */
export function loadSettings(now = new Date()): Settings {
  const config = new ConfigValues(Object.keys(definitions));
  const stack = pulumi.getStack();
  const { given, problems } = readValues(config);
  problems.push(...unknownKeys(config));
  refuse(stack, problems);

  const location =
    given.target === "azure" ? (new pulumi.Config("azure-native").get("location") ?? "") : "";
  const { findings, nodes, values } = check(given as Given, location, stack, now);
  refuse(stack, findings.problems);

  const {
    primaryKey: _primary,
    secondaryKey: _secondary,
    "tls.key": _tls,
    vmSize: _size,
    ...open
  } = values;
  const secret = (key: Key) => {
    const { text } = config.get(key);
    return text === "" ? undefined : pulumi.secret(text);
  };
  return Object.freeze({
    ...open,
    "runtime.image": runtimeImageOf(open),
    stack,
    location,
    nodes: nodes && Object.freeze(nodes),
    secrets: Object.freeze({
      primaryKey: secret("primaryKey"),
      secondaryKey: secret("secondaryKey"),
      tlsKey: secret("tls.key"),
    }),
    notices: Object.freeze([...findings.notices]),
  });
}

function refuse(stack: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  throw new pulumi.RunError(
    [`The settings of stack ${stack} have ${count}:`, ...problems.map((line) => `- ${line}`)].join(
      "\n",
    ),
  );
}

function readValues(config: ConfigValues) {
  const problems: string[] = [];
  const entries = (Object.keys(definitions) as Key[]).map((key): [Key, unknown] => {
    const { allowed, example, parse } = definitions[key] as Parser<unknown>;
    const secret = secretKeys.includes(key);
    const { text, secret: encrypted } = config.get(key);
    if (secret && text !== "" && !encrypted) {
      problems.push(
        `${key} is set in clear text: it must be encrypted. Mend it with: pulumi config set --secret ${key} VALUE`,
      );
    }
    const parsed = parse(text);
    if (parsed === undefined) {
      const flag = secret ? "--secret " : "";
      problems.push(
        problem(
          key,
          secret ? "(secret)" : text,
          `it must be ${allowed}`,
          `${flag}${key} ${example.startsWith("[") || example.startsWith("{") ? `'${example}'` : example}`,
        ),
      );
    }
    const wrapped = typeof parsed === "object" && parsed !== null && "value" in parsed;
    return [key, wrapped && allowed.startsWith("empty or ") ? parsed.value : parsed];
  });
  return { given: Object.fromEntries(entries) as Partial<Given>, problems };
}

/** Pulumi lets keys through that Pulumi.yaml does not declare; a misspelt setting would then silently do nothing. */
function unknownKeys(config: ConfigValues): string[] {
  return config
    .keys()
    .filter((key) => !(key in definitions))
    .map(
      (key) =>
        `${key} is not a setting (docs/settings.md lists them). Mend it with: pulumi config rm ${key}`,
    );
}

/** Whether capacity is worth counting: on nodes of another kind, or on none, every number would be wrong. */
const fits = ({ accelerator }: Values, { size, maxCount }: NodeSettings) =>
  (size.accelerator?.kind ?? "cpu") === accelerator && maxCount > 0;

function check(
  given: Given,
  location: string,
  stack: string,
  now: Date,
): {
  readonly findings: Findings;
  readonly nodes: NodeSettings | undefined;
  readonly values: Values;
} {
  const onAzure = given.target === "azure";
  const size = onAzure ? findVmSize(chosenSizeName(given) ?? "") : undefined;
  const nodes = size && nodesOf(given, size);
  const values: Values = { ...given, ...requestsOf(given, nodes) };
  if (values.target === "local") {
    // Nothing is built here, and so nothing converted.
    const here = { packages: listModels(modelsFolder), sources: [] };
    const findings = merge(pipelineRules(values, undefined), modelRules(values, here));
    return { findings, nodes, values };
  }
  const findings = merge(
    onAzure ? { problems: nameProblems(values.name, stack), notices: [] } : none,
    onAzure ? regionRules(location, values) : none,
    onAzure ? vmSizeRules(values, location, now) : none,
    nodes ? poolRules(values, nodes) : none,
    nodes && fits(values, nodes) ? capacityRules(values, nodes) : none,
    serviceRules(values),
    pipelineRules(values, nodes),
    runtimeRules(values),
    environmentRules(values),
    modelRules(values, { packages: listModels(modelsFolder), sources: listSources(modelsFolder) }),
    !onAzure || nodes ? { problems: [], notices: rolloutNotices(values, nodes) } : none,
    { problems: [], notices: feedingNotices(given, nodes) },
  );
  return { findings, nodes, values };
}
