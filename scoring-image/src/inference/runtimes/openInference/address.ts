/** Where a runtime on this machine listens, as grpc-js takes it: `127.0.0.1:50052`, `[::1]:50052`, `localhost:50052` or `unix:/run/runtime.sock`. */
export type RuntimeAddress = string;

/** What {@link isRuntimeAddress} allows, for messages. */
export const runtimeAddressRule =
  "must be host:port with a host of this machine (127.0.0.1, [::1], localhost), or unix:/path";

/**
 * Pictures travel to the runtime in clear text and without a key: it must be on this machine, which for the containers of a pod is their
 * common loopback interface.
 */
export function isRuntimeAddress(value: string): boolean {
  if (/^unix:\/[^\0]+$/.test(value)) return true;
  const [, port] = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost):(\d{1,5})$/.exec(value) ?? [];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65535;
}
