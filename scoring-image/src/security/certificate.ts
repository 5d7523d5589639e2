import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { variables } from "../contract";

/** Where the certificate and its private key are found, PEM. */
export interface CertificateFiles {
  /** The server's certificate followed by those that signed it. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A certificate with its private key, checked to belong together. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Until when the certificate is valid. */
  readonly notAfter: Date;
}

/** A certificate that cannot be served; the message names variable, file and what is wrong, never their content. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** @throws CertificateError when a file cannot be read or parsed, or the key is another certificate's */
export function readCertificate({ certificateFile, keyFile }: CertificateFiles): Certificate {
  const cert = read(variables.tlsCertificateFile, certificateFile);
  const key = read(variables.tlsKeyFile, keyFile);
  const x509 = parse(variables.tlsCertificateFile, certificateFile, "a certificate in PEM", () => {
    tls.createSecureContext({ cert });
    return new X509Certificate(cert);
  });
  const privateKey = parse(variables.tlsKeyFile, keyFile, "a private key in PEM", () =>
    createPrivateKey(key),
  );
  if (!x509.checkPrivateKey(privateKey)) {
    throw new CertificateError(
      `${variables.tlsKeyFile} is "${keyFile}": it is not the key of the certificate in ${certificateFile}`,
    );
  }
  return { cert, key, notAfter: x509.validToDate };
}

function read(variable: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code = "unknown" } = cause as NodeJS.ErrnoException;
    throw new CertificateError(`${variable} is "${file}": it cannot be read (${code})`, { cause });
  }
}

function parse<T>(variable: string, file: string, what: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new CertificateError(`${variable} is "${file}": it is not ${what}`, { cause });
  }
}
