import type { Parser } from "./parsers";

/** An image reference: repository with a tag or, better, a digest. */
export const imageReference: Parser<string> = {
  allowed: "an image reference with a tag or a digest",
  example: "registry.example.com/scoring-image@sha256:DIGEST",
  parse: (value) =>
    /^[a-z0-9][\w./:-]*(:[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})$/.test(value) ? value : undefined,
};

/** An image reference with a digest, and with a tag for the reader where one is given. */
export const pinnedImage: Parser<string> = {
  allowed: "an image reference with a digest",
  example: "registry.example.com/base:TAG@sha256:DIGEST",
  parse: (value) => (/^[a-z0-9][\w./:-]*@sha256:[0-9a-f]{64}$/.test(value) ? value : undefined),
};

/** A range of IPv4 addresses. */
export const cidr: Parser<string> = {
  allowed: "a range such as 203.0.113.0/24",
  example: "203.0.113.0/24",
  parse: (value) => (isCidr(value) ? value : undefined),
};

/** Whether a text is an IPv4 range: four numbers to 255 and a length to 32. */
export function isCidr(value: string): boolean {
  const [address = "", length = "", ...rest] = value.split("/");
  const bytes = address.split(".");
  return (
    rest.length === 0 &&
    /^\d{1,2}$/.test(length) &&
    Number(length) <= 32 &&
    bytes.length === 4 &&
    bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) <= 255)
  );
}

/** An address that is fetched over TLS. */
export const httpsUrl = (example: string): Parser<string> => ({
  allowed: "an https:// address",
  example,
  parse: (value) => (value.startsWith("https://") && URL.canParse(value) ? value : undefined),
});

/** A PEM text that holds at least one block of that kind. */
export const pem = (kind: "CERTIFICATE" | "PRIVATE KEY"): Parser<string> => ({
  allowed: `PEM text with a ${kind}`,
  example: kind === "CERTIFICATE" ? '"$(cat tls.crt)"' : '"$(cat tls.key)"',
  parse: (value) =>
    new RegExp(`-----BEGIN [A-Z ]*${kind}-----[\\s\\S]+-----END [A-Z ]*${kind}-----`).test(value)
      ? value
      : undefined,
});
