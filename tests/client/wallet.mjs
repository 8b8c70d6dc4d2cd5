// A wallet for tests: secp256k1 in affine coordinates, without any care for who watches the clock.
import { randomBytes } from "node:crypto";
import { keccak_256 } from "@noble/hashes/sha3.js";

const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const G = [
  0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
];
const mod = (a, m) => ((a % m) + m) % m;

function inverse(a, m) {
  let [low, high, x, y] = [mod(a, m), m, 1n, 0n];
  while (low > 1n) {
    const q = high / low;
    [low, high, x, y] = [high - q * low, low, y - q * x, x];
  }
  return mod(x, m);
}

function add(a, b) {
  if (!a) return b;
  if (!b) return a;
  if (a[0] === b[0] && mod(a[1] + b[1], P) === 0n) return null;
  const slope =
    a[0] === b[0] ? 3n * a[0] * a[0] * inverse(2n * a[1], P) : (b[1] - a[1]) * inverse(b[0] - a[0], P);
  const x = mod(slope * slope - a[0] - b[0], P);
  return [x, mod(slope * (a[0] - x) - a[1], P)];
}

function times(point, factor) {
  let [sum, addend] = [null, point];
  for (let left = factor; left; left >>= 1n) {
    if (left & 1n) sum = add(sum, addend);
    addend = add(addend, addend);
  }
  return sum;
}

const word = (n) => n.toString(16).padStart(64, "0");
const number = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const scalar = () => (number(randomBytes(32)) % (N - 1n)) + 1n;

export function wallet() {
  const key = scalar();
  const [x, y] = times(G, key);
  const digits = Buffer.from(keccak_256(Buffer.from(word(x) + word(y), "hex")).slice(12)).toString("hex");
  const marks = Buffer.from(keccak_256(Buffer.from(digits))).toString("hex");
  const address = `0x${[...digits].map((c, i) => (parseInt(marks[i], 16) > 7 ? c.toUpperCase() : c)).join("")}`;

  // personal_sign (EIP-191), with a low s.
  function sign(text) {
    const data = Buffer.from(text);
    const prefix = Buffer.from(`\x19Ethereum Signed Message:\n${data.length}`);
    const hash = number(keccak_256(Buffer.concat([prefix, data])));
    const k = scalar();
    const [rx, ry] = times(G, k);
    let s = mod(inverse(k, N) * (hash + rx * key), N);
    let parity = ry & 1n;
    if (s > N / 2n) [s, parity] = [N - s, parity ^ 1n];
    return `0x${word(rx)}${word(s)}${(27n + parity).toString(16)}`;
  }

  const message = (nonce, domain = "example.com") =>
    [
      `${domain} wants you to sign in with your Ethereum account:`,
      address,
      "",
      "Sign in, please.",
      "",
      `URI: https://${domain}/login`,
      "Version: 1",
      "Chain ID: 1",
      `Nonce: ${nonce}`,
      `Issued At: ${new Date().toISOString()}`,
    ].join("\n");

  return { address, sign, message };
}
