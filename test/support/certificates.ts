import { readFileSync } from "node:fs";
import path from "node:path";
import { MountedSecret } from "../../scoring-image/soak/mountedSecret";
import { fixtures } from "./paths";
import { temporaryFolder } from "./temporaryFolder";

/** Names of the certificates in `test/fixtures/tls`. */
export type CertificateName = "first" | "second";

const file = (name: CertificateName, ending: "crt" | "key") =>
  path.join(fixtures, "tls", `${name}.${ending}`);

/** Certificate, PEM: what a client of the tests trusts. */
export const certificate = (name: CertificateName): Buffer => readFileSync(file(name, "crt"));

/** A mounted `kubernetes.io/tls` Secret with one of the certificates. */
export const tlsSecret = (name: CertificateName): MountedSecret =>
  new MountedSecret(temporaryFolder("secret"), pair(name));

/** Content of such a Secret; the key may be another's, which no server can serve. */
export const pair = (name: CertificateName, key: CertificateName = name) => ({
  "tls.crt": certificate(name),
  "tls.key": readFileSync(file(key, "key")),
});
