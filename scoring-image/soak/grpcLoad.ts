import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { loadProto, serviceOf } from "../src/proto/protos";
import { keys } from "./server";

const service = serviceOf(
  loadProto("tensorflow_serving.proto"),
  "tensorflow.serving.PredictionService",
);
const predict = service["Predict"] as (typeof service)[string];

/** What became of the calls of some clients. */
export interface GrpcTally {
  /** Answered with the scores that the first call got. */
  scored: number;
  /** UNAVAILABLE or RESOURCE_EXHAUSTED from the service itself, which says so by `error-code`. */
  rejected: number;
  /** Anything else, by status and message. */
  readonly faults: Record<string, number>;
}

/** A client with a connection of its own, as each process of a user has, that calls Predict with one photograph. */
class PredictClient {
  readonly #client: Client;
  readonly #request: Buffer;
  readonly #metadata = new Metadata();

  constructor(address: string, photograph: Buffer) {
    this.#client = new Client(address, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    this.#metadata.set("authorization", `Bearer ${keys.primary}`);
    const images = {
      dtype: "DT_STRING",
      tensor_shape: { dim: [{ size: 1 }] },
      string_val: [photograph],
    };
    this.#request = predict.requestSerialize({ inputs: { images } });
  }

  /** SHA-256 of the answer. @throws ServiceError */
  call(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        predict.path,
        (bytes: Buffer) => bytes,
        (bytes) => createHash("sha256").update(bytes).digest("hex"),
        this.#request,
        this.#metadata,
        { deadline: Date.now() + 10_000 },
        (error, hash) => (error ? reject(error) : resolve(hash as string)),
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}

export interface GrpcLoadOptions {
  /** Host and port. */
  readonly address: string;
  readonly photograph: Buffer;
  readonly clients: number;
  /** Of all clients together. */
  readonly callsPerSecond: number;
  readonly seconds: number;
}

/** Clients that each call once in a while, over a connection that each of them keeps. */
export async function grpcLoad(options: GrpcLoadOptions): Promise<GrpcTally> {
  const { address, photograph, clients, callsPerSecond, seconds } = options;
  const tally: GrpcTally = { scored: 0, rejected: 0, faults: {} };
  const end = performance.now() + seconds * 1000;
  const everyMs = (1000 * clients) / callsPerSecond;
  const first = new PredictClient(address, photograph);
  const wanted = await first.call();
  first.close();
  const one = async (index: number) => {
    const client = new PredictClient(address, photograph);
    await delay((everyMs * index) / clients);
    for (; performance.now() < end; await delay(everyMs)) {
      await client.call().then(
        (hash) => count(tally, hash === wanted ? undefined : "other scores"),
        (error: ServiceError) => refuse(tally, error),
      );
    }
    client.close();
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => one(index)));
  return tally;
}

function count(tally: GrpcTally, fault: string | undefined): void {
  if (fault === undefined) tally.scored++;
  else tally.faults[fault] = (tally.faults[fault] ?? 0) + 1;
}

function refuse(tally: GrpcTally, error: ServiceError): void {
  const isBusy = error.code === status.UNAVAILABLE || error.code === status.RESOURCE_EXHAUSTED;
  if (isBusy && error.metadata.get("error-code").length > 0) tally.rejected++;
  else count(tally, error.message);
}
