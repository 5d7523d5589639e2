import type { Keys } from "./keys";
import type { KeyFiles } from "./keyFiles";
import type { TokenIssuer } from "./tokens";

/** Who may score: everybody, those with a key, or those with a token of an issuer. */
export type Access =
  | { readonly kind: "open" }
  | { readonly kind: "keys"; readonly keys: Keys }
  | { readonly kind: "keyFiles"; readonly files: KeyFiles }
  | { readonly kind: "token"; readonly issuer: TokenIssuer };
