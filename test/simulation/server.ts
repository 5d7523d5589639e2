import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import * as rpc from "@pulumi/pulumi/proto/provider_pb.js";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { setTimeout as sleep } from "node:timers/promises";
import { covered, differences, type SimulatedProvider, type Subject } from "./provider";
import { unknownValue } from "./schema";
import { Refusal, type Call, type Properties, type State } from "./state";

/** Providers by the name of their package. */
export type Providers = Readonly<Record<string, SimulatedProvider>>;

type Handler<Q, R> = (request: Q) => Promise<R> | R;

/** Answers a call, and words a refusal as a provider does. */
function unary<Q, R>(handler: Handler<Q, R>): grpc.handleUnaryCall<Q, R> {
  return (call, callback) => {
    void Promise.resolve()
      .then(() => handler(call.request))
      .then(
        (answer) => {
          callback(null, answer);
        },
        (error: unknown) => {
          const message = error instanceof Refusal ? error.message : String((error as Error).stack);
          callback({ code: grpc.status.UNKNOWN, details: message });
        },
      );
  };
}

const toObject = (struct: Struct | undefined): Properties =>
  revealed(struct?.toJavaScript() ?? {}) as Properties;

// Through JSON, since a struct knows no undefined.
const toStruct = (object: Properties): Struct =>
  Struct.fromJavaScript(JSON.parse(JSON.stringify(object)) as Record<string, JavaScriptValue>);

/** What a URN says: type and logical name. */
function subjectOf(urn: string): Subject {
  const [, , types = "", name = ""] = urn.split("::");
  return { type: types.slice(types.lastIndexOf("$") + 1), name };
}

const holdsUnknown = (value: unknown): boolean =>
  value === unknownValue ||
  (typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown));

/** Marks what is more than plain JSON on the wire. */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Values without the mark of secrets, which a provider is given before it has said whether it knows the mark. */
function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  const given = value as Properties;
  if (given[signatureKey] === secretSignature) return revealed(given["value"]);
  return Object.fromEntries(Object.entries(given).map(([name, part]) => [name, revealed(part)]));
}

const isAsset = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && signatureKey in value;

/** Pulumi's provider protocol over the simulated providers: one server for all of them. */
export class ProviderServer {
  private readonly server = new grpc.Server();

  constructor(
    private readonly providers: Providers,
    private readonly state: State,
  ) {
    this.server.addService(ResourceProviderService, this.handlers());
  }

  /** Starts on a free port of this machine. */
  async start(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(
        "127.0.0.1:0",
        grpc.ServerCredentials.createInsecure(),
        (error, port) => {
          if (error) reject(error);
          else resolve(port);
        },
      );
    });
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private providerOf(type: string): SimulatedProvider {
    const name = type.slice(0, type.indexOf(":"));
    const provider = this.providers[name];
    if (!provider) throw new Refusal(`no simulated provider ${name}`);
    return provider;
  }

  private handlers(): grpc.UntypedServiceImplementation {
    return {
      attach: unary(() => new Empty()),
      cancel: unary(() => new Empty()),
      getPluginInfo: unary(() => {
        const info = new plugin.PluginInfo();
        // Above every SDK's: one server answers for all of them.
        info.setVersion("1000.0.0");
        return info;
      }),
      checkConfig: unary((request: rpc.CheckRequest) => {
        const answer = new rpc.CheckResponse();
        answer.setInputs(request.getNews());
        return answer;
      }),
      diffConfig: unary((request: rpc.DiffRequest) => {
        const changes = differences(toObject(request.getOldInputs()), toObject(request.getNews()));
        return diffOf(changes, [], false);
      }),
      configure: unary((request: rpc.ConfigureRequest) => {
        const { type } = subjectOf(request.getUrn() ?? "");
        this.providers[type.slice("pulumi:providers:".length)]?.configure?.(
          toObject(request.getArgs()),
        );
        const answer = new rpc.ConfigureResponse();
        answer.setSupportspreview(true);
        return answer;
      }),
      invoke: unary(async (request: rpc.InvokeRequest) => {
        const token = request.getTok();
        const answer = new rpc.InvokeResponse();
        const made = await this.providerOf(token).invoke?.(token, toObject(request.getArgs()));
        if (!made) throw new Refusal(`the simulation does not know ${token}`);
        answer.setReturn(toStruct(made));
        return answer;
      }),
      check: unary((request: rpc.CheckRequest) => this.check(request)),
      diff: unary((request: rpc.DiffRequest) => this.diff(request)),
      create: unary((request: rpc.CreateRequest) => this.create(request)),
      read: unary((request: rpc.ReadRequest) => this.read(request)),
      update: unary((request: rpc.UpdateRequest) => this.update(request)),
      delete: unary((request: rpc.DeleteRequest) => this.delete(request)),
    };
  }

  private check(request: rpc.CheckRequest): rpc.CheckResponse {
    const subject = subjectOf(request.getUrn());
    const provider = this.providerOf(subject.type);
    const { inputs, problems } = provider.check(
      subject,
      toObject(request.getNews()),
      toObject(request.getOlds()),
    );
    const answer = new rpc.CheckResponse();
    answer.setInputs(toStruct(inputs));
    answer.setFailuresList(
      problems.map(({ path, reason }) => {
        const failure = new rpc.CheckFailure();
        failure.setProperty(path);
        failure.setReason(`${path} ${reason}`);
        return failure;
      }),
    );
    return answer;
  }

  private diff(request: rpc.DiffRequest): rpc.DiffResponse {
    const { type } = subjectOf(request.getUrn());
    const provider = this.providerOf(type);
    const changes = differences(
      withoutTokens(type, toObject(request.getOldInputs())),
      withoutTokens(type, toObject(request.getNews())),
    );
    const replaces = changes.filter((path) => covered(path, provider.immutable(type)));
    return diffOf(changes, replaces, provider.deleteBeforeReplace?.(type) ?? false);
  }

  private async create(request: rpc.CreateRequest): Promise<rpc.CreateResponse> {
    const subject = subjectOf(request.getUrn());
    const inputs = toObject(request.getProperties());
    const answer = new rpc.CreateResponse();
    if (request.getPreview()) {
      answer.setProperties(toStruct(inputs));
      return answer;
    }
    refuseUnknown(inputs);
    const { id, outputs } = await this.count("create", subject, "", () =>
      this.providerOf(subject.type).create(subject, assetsOf(inputs)),
    );
    answer.setId(id);
    answer.setProperties(toStruct({ ...outputs, ...onlyAssets(inputs) }));
    return answer;
  }

  private read(request: rpc.ReadRequest): rpc.ReadResponse {
    const subject = subjectOf(request.getUrn());
    const found = this.providerOf(subject.type).read(
      subject,
      request.getId(),
      toObject(request.getProperties()),
    );
    const answer = new rpc.ReadResponse();
    if (!found) return answer;
    const inputs = toObject(request.getInputs());
    answer.setId(request.getId());
    answer.setProperties(toStruct({ ...found, ...onlyAssets(inputs) }));
    answer.setInputs(toStruct(inputs));
    return answer;
  }

  private async update(request: rpc.UpdateRequest): Promise<rpc.UpdateResponse> {
    const subject = subjectOf(request.getUrn());
    const inputs = toObject(request.getNews());
    const answer = new rpc.UpdateResponse();
    if (request.getPreview()) {
      answer.setProperties(toStruct({ ...toObject(request.getOlds()), ...inputs }));
      return answer;
    }
    refuseUnknown(inputs);
    const outputs = await this.count("update", subject, request.getId(), () =>
      this.providerOf(subject.type).update(subject, request.getId(), assetsOf(inputs), {
        inputs: assetsOf(toObject(request.getOldInputs())),
        outputs: toObject(request.getOlds()),
      }),
    );
    answer.setProperties(toStruct({ ...outputs, ...onlyAssets(inputs) }));
    return answer;
  }

  private async delete(request: rpc.DeleteRequest): Promise<Empty> {
    const subject = subjectOf(request.getUrn());
    await this.count("delete", subject, request.getId(), () => {
      this.providerOf(subject.type).delete(subject, request.getId());
    });
    return new Empty();
  }

  /** Notes a call, and lets it be slow or fail as the test has asked. */
  private async count<T>(
    method: Call["method"],
    subject: Subject,
    id: string,
    run: () => T | Promise<T>,
  ): Promise<T> {
    const call: Call = { method, ...subject, id };
    this.state.calls.push(call);
    try {
      const fault = this.state.fault(call);
      if (fault?.delayMs) await sleep(fault.delayMs);
      if (fault?.message !== undefined) throw new Refusal(fault.message);
      return await run();
    } catch (error) {
      call.refused = (error as Error).message;
      throw error;
    }
  }
}

function diffOf(
  changes: readonly string[],
  replaces: readonly string[],
  deleteFirst: boolean,
): rpc.DiffResponse {
  const answer = new rpc.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
  answer.setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME);
  answer.setDiffsList([...changes]);
  answer.setReplacesList([...replaces]);
  answer.setDeletebeforereplace(deleteFirst);
  return answer;
}

/** pulumi-docker does not compare the password of the registry. */
function withoutTokens(type: string, inputs: Properties): Properties {
  if (!type.startsWith("docker:")) return inputs;
  const { registry, ...rest } = inputs as { readonly registry?: Properties };
  return { ...rest, registry: { ...registry, password: undefined } };
}

function refuseUnknown(inputs: Properties): void {
  if (holdsUnknown(inputs))
    throw new Refusal(`an unknown value reached the provider: ${JSON.stringify(inputs)}`);
}

const assetsOf = (inputs: Properties): Properties =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      isAsset(value) ? { path: value["path"] } : value,
    ]),
  );

const onlyAssets = (inputs: Properties): Properties =>
  Object.fromEntries(Object.entries(inputs).filter(([, value]) => isAsset(value)));
