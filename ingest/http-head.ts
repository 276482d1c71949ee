/**
 * Reads the head of an HTTP/1.1 request where it is as plain as client libraries send it. What is plain is a strict
 * subset of RFC 9112, in which no two readers can see different things: one `Host`, one `Content-Length` of plain
 * digits, no `Transfer-Encoding`, no folded lines, no lone CR or LF, only visible ASCII in values. Everything else is
 * left to Node's own parser.
 */

export interface Head {
  /** The request target as it was sent. */
  readonly target: string;
  /** Where the body begins, and how many bytes it has. */
  readonly bodyAt: number;
  readonly bodyBytes: number;
  readonly host: string;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  readonly writeKey: string | undefined;
  readonly requestId: string | undefined;
}

/** Heads of client libraries have a few hundred bytes. */
const HEAD_BYTES_MAX = 8 * 1024;
const TARGET_BYTES_MAX = 64;
const LENGTH_DIGITS_MAX = 9;

const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 32;
const COLON = 58;
const ZERO = 48;
const NINE = 57;

const NAME_BYTE = 1;
const VALUE_BYTE = 2;
/** Which bytes a field's name (RFC 9110, token) and value may have. */
const CLASSES = new Uint8Array(256);
for (let byte = SPACE; byte < 127; byte++) CLASSES[byte] = VALUE_BYTE;
CLASSES[TAB] = VALUE_BYTE;
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  CLASSES[char.charCodeAt(0)] = NAME_BYTE | VALUE_BYTE;
}

const METHOD = ascii("POST ");
const VERSION = ascii(" HTTP/1.1\r\n");
const HOST = ascii("host");
const ORIGIN = ascii("origin");
const EXPECT = ascii("expect");
const UPGRADE = ascii("upgrade");
const TRAILER = ascii("trailer");
const CONNECTION = ascii("connection");
const WRITE_KEY = ascii("x-write-key");
const REQUEST_ID = ascii("x-request-id");
const AUTHORIZATION = ascii("authorization");
const CONTENT_LENGTH = ascii("content-length");
const PROXY_CONNECTION = ascii("proxy-connection");
const TRANSFER_ENCODING = ascii("transfer-encoding");
const KEEP_ALIVE = ascii("keep-alive");

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** The head of a POST that begins the bytes; null where it isn't whole or isn't plain. */
export function readHead(bytes: Buffer): Head | null {
  const limit = Math.min(bytes.length, HEAD_BYTES_MAX);
  if (!startsWith(bytes, 0, METHOD)) return null;
  let at = METHOD.length;
  const targetMax = Math.min(limit, at + TARGET_BYTES_MAX);
  while (at < targetMax && bytes[at] !== SPACE) at++;
  if (at === METHOD.length || !startsWith(bytes, at, VERSION)) return null;
  const target = bytes.toString("latin1", METHOD.length, at);
  at += VERSION.length;

  let bodyBytes = -1;
  let host: string | undefined;
  let origin: string | undefined;
  let authorization: string | undefined;
  let writeKey: string | undefined;
  let requestId: string | undefined;
  for (;;) {
    if (bytes[at] === CR) break;
    const nameAt = at;
    while (at < limit && ((CLASSES[bytes[at] ?? 0] ?? 0) & NAME_BYTE) !== 0) at++;
    const nameEnd = at;
    if (nameEnd === nameAt || bytes[at++] !== COLON) return null;
    while (at < limit && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
    const valueAt = at;
    while (at < limit && ((CLASSES[bytes[at] ?? 0] ?? 0) & VALUE_BYTE) !== 0) at++;
    let valueEnd = at;
    if (at + 1 >= limit || bytes[at] !== CR || bytes[at + 1] !== LF) return null;
    at += 2;
    while (valueEnd > valueAt && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;

    switch (nameEnd - nameAt) {
      case HOST.length:
        if (!isNamed(bytes, nameAt, HOST)) break;
        if (host !== undefined) return null;
        host = bytes.toString("latin1", valueAt, valueEnd);
        break;
      case ORIGIN.length:
        if (isNamed(bytes, nameAt, EXPECT)) return null;
        if (!isNamed(bytes, nameAt, ORIGIN)) break;
        if (origin !== undefined) return null;
        origin = bytes.toString("latin1", valueAt, valueEnd);
        break;
      case UPGRADE.length:
        if (isNamed(bytes, nameAt, UPGRADE) || isNamed(bytes, nameAt, TRAILER)) return null;
        break;
      case CONNECTION.length:
        if (!isNamed(bytes, nameAt, CONNECTION)) break;
        if (valueEnd - valueAt !== KEEP_ALIVE.length || !isNamed(bytes, valueAt, KEEP_ALIVE)) return null;
        break;
      case WRITE_KEY.length:
        if (!isNamed(bytes, nameAt, WRITE_KEY)) break;
        if (writeKey !== undefined) return null;
        writeKey = bytes.toString("latin1", valueAt, valueEnd);
        break;
      case REQUEST_ID.length:
        if (!isNamed(bytes, nameAt, REQUEST_ID)) break;
        if (requestId !== undefined) return null;
        requestId = bytes.toString("latin1", valueAt, valueEnd);
        break;
      case AUTHORIZATION.length:
        if (!isNamed(bytes, nameAt, AUTHORIZATION)) break;
        if (authorization !== undefined) return null;
        authorization = bytes.toString("latin1", valueAt, valueEnd);
        break;
      case CONTENT_LENGTH.length:
        if (!isNamed(bytes, nameAt, CONTENT_LENGTH)) break;
        if (bodyBytes >= 0) return null;
        // Up to the CR: what may stand behind the digits is not the same for all readers.
        bodyBytes = digits(bytes, valueAt, at - 2);
        if (bodyBytes < 0) return null;
        break;
      case PROXY_CONNECTION.length:
        // Never was a standard, and yet Node's parser ends connections by it.
        if (isNamed(bytes, nameAt, PROXY_CONNECTION)) return null;
        break;
      case TRANSFER_ENCODING.length:
        if (isNamed(bytes, nameAt, TRANSFER_ENCODING)) return null;
        break;
    }
  }
  if (at + 1 >= limit || bytes[at + 1] !== LF || bodyBytes < 0 || host === undefined) return null;
  return { target, bodyAt: at + 2, bodyBytes, host, origin, authorization, writeKey, requestId };
}

function startsWith(bytes: Buffer, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/** Compares letters without their case; the wanted ones are small letters and hyphens. */
function isNamed(bytes: Buffer, at: number, wanted: Uint8Array): boolean {
  // What this bit turns into a letter or a hyphen is that letter, or a CR, which stands in no name or value.
  for (let i = 0; i < wanted.length; i++) if (((bytes[at + i] ?? 0) | 0x20) !== wanted[i]) return false;
  return true;
}

/** -1 where there is anything but digits, or none. */
function digits(bytes: Buffer, from: number, to: number): number {
  if (from === to || to - from > LENGTH_DIGITS_MAX) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + byte - ZERO;
  }
  return value;
}
