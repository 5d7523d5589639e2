import * as pulumi from "@pulumi/pulumi";
import { CertRequest, LocallySignedCert, PrivateKey, SelfSignedCert } from "@pulumi/tls";

/** Inputs of a ServiceCertificate. */
export interface ServiceCertificateArgs {
  /** Host name that the certificate is for. */
  readonly host: pulumi.Input<string>;
}

const hours = (days: number) => days * 24;

/** A certificate for the service's host name, signed by a CA that lives in this stack alone. */
export class ServiceCertificate extends pulumi.ComponentResource {
  /** Certificate of the CA, PEM: what clients must trust. */
  readonly caCertificate: pulumi.Output<string>;
  /** Certificate of the service followed by the CA's, PEM. */
  readonly certificate: pulumi.Output<string>;
  readonly privateKey: pulumi.Output<string>;

  constructor(name: string, args: ServiceCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:serviceCertificate:ServiceCertificate", name, {}, opts);
    const { host } = args;
    const child = { parent: this };
    const newKey = (role: string) =>
      new PrivateKey(`${name}-${role}`, { algorithm: "ECDSA", ecdsaCurve: "P256" }, child)
        .privateKeyPem;
    const caKey = newKey("ca-key");
    const ca = new SelfSignedCert(
      `${name}-ca`,
      {
        privateKeyPem: caKey,
        isCaCertificate: true,
        subject: { commonName: "accelerated-scoring CA" },
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: hours(3650),
      },
      child,
    );
    this.privateKey = pulumi.secret(newKey("key"));
    const request = new CertRequest(
      `${name}-request`,
      {
        privateKeyPem: this.privateKey,
        // A common name may have 64 characters; clients go by the alternative name.
        subject: { commonName: "accelerated-scoring" },
        dnsNames: [host],
      },
      child,
    );
    const signed = new LocallySignedCert(
      `${name}-certificate`,
      {
        certRequestPem: request.certRequestPem,
        caPrivateKeyPem: caKey,
        caCertPem: ca.certPem,
        allowedUses: ["digital_signature", "server_auth"],
        validityPeriodHours: hours(397),
        // Any `pulumi up` of the last two months renews it.
        earlyRenewalHours: hours(60),
      },
      child,
    );
    this.caCertificate = ca.certPem;
    this.certificate = pulumi.interpolate`${signed.certPem}${ca.certPem}`;
    this.registerOutputs({
      caCertificate: this.caCertificate,
      certificate: this.certificate,
      privateKey: this.privateKey,
    });
  }
}
