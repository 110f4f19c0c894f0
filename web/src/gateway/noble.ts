/** Ed25519 and SHA-256 in plain JavaScript, for pages over plain HTTP. A chunk of its own: other pages do not load it. */
import { getPublicKey, hashes, sign as signWith } from "@noble/ed25519";
import { sha256 as digest, sha512 } from "@noble/hashes/sha2.js";

hashes.sha512 = sha512;

export const publicKeyOf = (secret: Uint8Array): Uint8Array => getPublicKey(secret);
export const sign = (message: Uint8Array, secret: Uint8Array): Uint8Array => signWith(message, secret);
export const sha256 = (bytes: Uint8Array): Uint8Array => digest(bytes);
