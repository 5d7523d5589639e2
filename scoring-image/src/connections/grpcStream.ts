import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";

/** What grpc-js's interceptors do not show of a call. */
export interface GrpcStream {
  readonly stream: ServerHttp2Stream;
  /** How its messages are compressed, where one says that it is: grpc-js takes the header out of the metadata. */
  readonly incomingEncoding: string;
}

/** The HTTP/2 side of a call, whatever interceptors it has passed. */
export function grpcStreamOf(call: ServerInterceptingCallInterface): GrpcStream {
  let inner = call as unknown as GrpcStream & { readonly nextCall?: typeof inner };
  while (inner.nextCall) inner = inner.nextCall;
  return inner;
}
