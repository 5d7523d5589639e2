import * as pulumi from "@pulumi/pulumi";
import { call, newResource } from "./mockProviders";
import { project } from "./stack";

/** One registration as the program sent it to the engine. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** Class and logical name of the parent; empty for the stack. */
  readonly parent: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What the engine would store: secrets still marked. */
  readonly options: RegistrationOptions;
}

/** Options of a registration that tests assert. */
export interface RegistrationOptions {
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly ignoreChanges: readonly string[];
  /** Logical name of the resource it is deleted with; empty for none. */
  readonly deletedWith: string;
  /** Logical name of its explicit provider; empty for none. */
  readonly provider: string;
  readonly dependencies: readonly string[];
  readonly timeouts: boolean;
}

const lastPart = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

/** `Class name` of a component by its URN; empty for the stack. */
function parentOf(urn: string): string {
  const type = (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
  return type === "pulumi:pulumi:Stack" || urn === ""
    ? ""
    : `${type.split(":").at(-1)} ${lastPart(urn)}`;
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProvider(): string;
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDeletedwith(): string;
  getIgnorechangesList(): string[];
  getDependenciesList(): string[];
  getCustomtimeouts(): { getCreate(): string } | undefined;
  getObject(): { toJavaScript(): Record<string, unknown> };
  getCustom(): boolean;
}

interface Monitor {
  registerResource: (request: RegisterRequest, callback: unknown) => Promise<void>;
  registerResourceOutputs: (request: OutputsRequest, callback: unknown) => void;
}

interface OutputsRequest {
  getUrn(): string;
  getOutputs(): { toJavaScript(): Record<string, unknown> } | undefined;
}

/** What a run of the program registered. */
export interface Recording {
  readonly registrations: Registration[];
  /** Names of the outputs that each component registered, by its class and logical name. */
  readonly outputs: Map<string, readonly string[]>;
}

/** Sets strict mocks and records everything that is registered from then on. */
export async function record(stack = "test", preview = true): Promise<Recording> {
  await pulumi.runtime.setMocks({ newResource, call }, project, stack, preview);
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const recording: Recording = { registrations: [], outputs: new Map() };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    if (request.getType() !== "pulumi:pulumi:Stack") {
      recording.registrations.push({
        type: request.getType(),
        name: request.getName(),
        parent: parentOf(request.getParent()),
        inputs: request.getObject().toJavaScript(),
        options: {
          protect: request.getProtect() ?? false,
          retainOnDelete: request.getRetainondelete() ?? false,
          ignoreChanges: request.getIgnorechangesList(),
          deletedWith: lastPart(request.getDeletedwith()),
          provider: lastPart(request.getProvider().replace(/::[^:]*$/, "")),
          dependencies: request.getDependenciesList().map(lastPart),
          timeouts: (request.getCustomtimeouts()?.getCreate() ?? "") !== "",
        },
      });
    }
    return register(request, callback);
  };
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResourceOutputs = (request, callback) => {
    recording.outputs.set(
      parentOf(request.getUrn()),
      Object.keys(request.getOutputs()?.toJavaScript() ?? {}).sort(),
    );
    registerOutputs(request, callback);
  };
  return recording;
}

/** Waits until everything that was begun has been registered. */
export async function settled(): Promise<void> {
  const { waitForRPCs } = pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> };
  await waitForRPCs();
}

/** The [type, name] pairs in the order of the alphabet. */
export const typesAndNames = ({ registrations }: Recording): string[] =>
  registrations.map(({ type, name }) => `${type} ${name}`).sort();

/** The one registration of that name and type, which need not be the whole of its token. */
export function find({ registrations }: Recording, type: string, name?: string): Registration {
  const found = registrations.filter(
    (registration) =>
      registration.type.endsWith(type) && (name === undefined || registration.name === name),
  );
  if (found.length !== 1 || !found[0]) {
    throw new Error(`${found.length} registrations of ${type} ${name ?? ""}, not one`);
  }
  return found[0];
}

/** The value of an output and whether it is secret. */
export async function reveal<T>(
  output: pulumi.Input<T>,
): Promise<{ readonly value: unknown; readonly secret: boolean }> {
  const wrapped = pulumi.output(output) as pulumi.Output<unknown>;
  const value = await new Promise<unknown>((resolve) => wrapped.apply(resolve));
  return { value, secret: await pulumi.isSecret(wrapped) };
}

/** The marker that the engine's protocol puts on secrets. */
export const secretSignature = "4dabf18193072939515e22adb298388d";

/** Whether a recorded input is marked secret. */
export const isSecretInput = (value: unknown): boolean =>
  typeof value === "object" && value !== null && secretSignature in value;
