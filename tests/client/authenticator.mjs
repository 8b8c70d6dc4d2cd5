// What a browser with an authenticator offers to pages: navigator.credentials (WebAuthn Level 3), with keys of node:crypto.
import { createHash, createSign, generateKeyPairSync, randomBytes } from "node:crypto";

const UP = 1, UV = 4, AT = 64;
const sha256 = (data) => createHash("sha256").update(data).digest();
const bytes = (source) => Buffer.from(ArrayBuffer.isView(source) ? source.buffer.slice(source.byteOffset, source.byteOffset + source.byteLength) : source);
const buffer = (data) => new Uint8Array(data).buffer;

// CBOR (RFC 8949) of maps, texts, byte strings and small integers: all that there is in an attestation.
function head(major, length) {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 256) return Buffer.from([(major << 5) | 24, length]);
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
}
function cbor(value) {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
}

export class Authenticator {
  keys = [];
  asked = []; // what pages asked for
  cancels = false;
  flags = UP | UV;

  constructor(origin) {
    this.origin = origin;
  }

  // Pages of this process see this authenticator from now on.
  plugIn() {
    const credentials = { create: (options) => this.create(options), get: (options) => this.get(options) };
    Object.defineProperty(globalThis, "navigator", { value: { credentials }, configurable: true });
    globalThis.PublicKeyCredential = class {
      static isConditionalMediationAvailable = async () => true;
    };
    globalThis.document = { querySelectorAll: () => [{}] };
  }

  async create({ publicKey, signal }) {
    this.begin("create", publicKey, signal);
    const known = (publicKey.excludeCredentials ?? []).map((one) => bytes(one.id).toString("base64url"));
    if (this.keys.some((key) => known.includes(key.id.toString("base64url")))) throw new DOMException("known", "InvalidStateError");
    const { publicKey: open, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x, y } = open.export({ format: "jwk" });
    const cose = new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, "base64url")], [-3, Buffer.from(y, "base64url")]]);
    const key = { id: randomBytes(16), rpId: publicKey.rp.id, privateKey, count: 0, handle: bytes(publicKey.user.id) };
    this.keys.push(key);
    const size = Buffer.from([0, key.id.length]);
    const authData = Buffer.concat([this.head(key, AT), Buffer.alloc(16), size, key.id, cbor(cose)]);
    const attestation = new Map([["fmt", "none"], ["attStmt", new Map()], ["authData", authData]]);
    return this.credential(key, {
      clientDataJSON: buffer(this.clientData("webauthn.create", publicKey)),
      attestationObject: buffer(cbor(attestation)),
      getTransports: () => ["internal", "hybrid"],
    });
  }

  async get({ publicKey, mediation, signal }) {
    this.begin("get", { ...publicKey, mediation }, signal);
    const allowed = (publicKey.allowCredentials ?? []).map((one) => bytes(one.id).toString("base64url"));
    const fits = (key) => key.rpId === publicKey.rpId && (!allowed.length || allowed.includes(key.id.toString("base64url")));
    const key = this.keys.findLast(fits);
    if (!key) throw new DOMException("none", "NotAllowedError");
    key.count++;
    const clientData = this.clientData("webauthn.get", publicKey);
    const data = this.head(key);
    return this.credential(key, {
      clientDataJSON: buffer(clientData),
      authenticatorData: buffer(data),
      signature: buffer(createSign("sha256").update(data).update(sha256(clientData)).sign(key.privateKey)),
      userHandle: buffer(key.handle),
    });
  }

  begin(kind, options, signal) {
    this.asked.push({ kind, ...options });
    if (this.cancels || signal?.aborted) throw new DOMException("cancelled", "NotAllowedError");
  }

  head(key, more = 0) {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(key.count);
    return Buffer.concat([sha256(key.rpId), Buffer.from([this.flags | more]), count]);
  }

  clientData(type, { challenge }) {
    const said = { type, challenge: bytes(challenge).toString("base64url"), origin: this.origin, crossOrigin: false };
    return Buffer.from(JSON.stringify(said));
  }

  credential(key, response) {
    return {
      id: key.id.toString("base64url"),
      rawId: buffer(key.id),
      type: "public-key",
      authenticatorAttachment: "platform",
      getClientExtensionResults: () => ({ credProps: { rk: true } }),
      response,
    };
  }
}
