// The server's packages are not those of the root, where the tests live.
import {
  Client,
  credentials,
  Metadata,
  type ServiceError,
} from "../../scoring-image/node_modules/@grpc/grpc-js";
import { loadProto } from "../../scoring-image/src/proto/protos";
import { authorization } from "./service";

interface Codec {
  readonly path: string;
  readonly requestSerialize: (message: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** Finds a method's path and codecs in one of the project's `.proto` files. */
export function methodOf(file: string, service: string, method: string): Codec {
  const definition = loadProto(file)[service] as unknown as Record<string, Codec>;
  return definition[method] as Codec;
}

export interface CallOptions {
  /** A valid key unless given. */
  readonly metadata?: Record<string, string>;
  readonly deadlineMs?: number;
}

/** A connection for tests; `call` takes a message, `send` takes the bytes of one. */
export class GrpcTestClient {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  call<T>(codec: Codec, message: object, options?: CallOptions): Promise<T> {
    return this.send<T>(codec, codec.requestSerialize(message), options);
  }

  /** @throws ServiceError with `code` and `details` */
  send<T>(codec: Codec, bytes: Buffer, { metadata, deadlineMs }: CallOptions = {}): Promise<T> {
    const headers = new Metadata();
    for (const [key, value] of Object.entries(metadata ?? { authorization })) {
      headers.set(key, value);
    }
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        codec.path,
        (message: Buffer) => message,
        codec.responseDeserialize,
        bytes,
        headers,
        options,
        (error: ServiceError | null, answer?: unknown) =>
          error ? reject(error) : resolve(answer as T),
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}
