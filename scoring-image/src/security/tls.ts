import type tls from "node:tls";
import type { Logger } from "pino";
import {
  CertificateError,
  readCertificate,
  type Certificate,
  type CertificateFiles,
} from "./certificate";
import { watchFiles } from "./watchFiles";

/**
 * TLS 1.2 and 1.3. HTTP/1.1 stands before HTTP/2 because clients of REST that offer both must get the former: HTTP/2 is
 * served to gRPC alone, whose clients offer nothing else.
 */
export const tlsOptions = ({ cert, key }: Certificate) => ({
  cert,
  key,
  minVersion: "TLSv1.2" as const,
  ALPNProtocols: ["http/1.1", "h2"],
});

/**
 * Serves new certificates in place of `initial` as their files change. Connections that are open keep theirs; files that cannot be served are
 * logged, and the old certificate is kept.
 * @returns ends the watch
 */
export function renewCertificate(
  server: tls.Server,
  files: CertificateFiles,
  initial: Certificate,
  logger: Logger,
): () => void {
  let served = initial;
  const renew = () => {
    try {
      const next = readCertificate(files);
      if (next.cert.equals(served.cert) && next.key.equals(served.key)) return;
      server.setSecureContext(tlsOptions(next));
      served = next;
      logger.info({ notAfter: next.notAfter }, "serving a new certificate");
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      logger.error({ err: error }, "the new certificate cannot be served; the old one is kept");
    }
  };
  return watchFiles([files.certificateFile, files.keyFile], renew);
}
