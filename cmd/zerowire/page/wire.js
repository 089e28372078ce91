// Facts of RFC 6455 and the forms in which the page shows bytes and times.

export const readyStates = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];

// The names of the close codes from 1000 on.
const closeNames = [
  "normal closure", "going away", "protocol error", "unsupported data", "", "no status received", "abnormal closure", "invalid payload data",
  "policy violation", "message too big", "mandatory extension", "internal error", "service restart", "try again later", "bad gateway", "TLS handshake",
];

// closeName returns what a close code means (RFC 6455 section 7.4).
export function closeName(code) {
  if (code >= 4000 && code <= 4999) return "application's own";
  if (code >= 3000 && code <= 3999) return "library's own";
  return closeNames[code - 1000] || "unregistered";
}

// parseHex returns the bytes that text names, or null if it is not hex. White
// space, commas, colons and 0x before a byte are allowed.
export function parseHex(text) {
  const digits = text.replace(/0x|[\s,:]/gi, "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

// toHex returns the first limit of bytes in hex.
export function toHex(bytes, limit) {
  const shown = Array.from(bytes.subarray(0, limit), (b) => b.toString(16).padStart(2, "0"));
  return shown.join(" ") + (bytes.length > limit ? " …" : "");
}

// utf8Length returns the size of text on the wire.
export const utf8Length = (text) => new TextEncoder().encode(text).length;

// parse returns what text says in JSON, or null if it is no JSON.
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// byteSize returns a size in bytes for people.
export function byteSize(n) {
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${(n / 1024).toFixed(1)} KiB`;
  return `${(n / 1024 / 1024).toFixed(1)} MiB`;
}

// milliseconds returns a duration for people.
export const milliseconds = (ms) => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;

// clock returns the time of day to the millisecond.
export function clock(date = new Date()) {
  return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
}

// element returns a new element with a class and, as text, content.
export function element(tag, className, text = "") {
  const e = document.createElement(tag);
  e.className = className;
  e.textContent = text;
  return e;
}
