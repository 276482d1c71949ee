/** The fields of calls that a scan knows, by their names in bytes. */
import { IDENTIFY, PAGE, SCREEN, TRACK } from "../kernel/event.ts";
import { ESCAPED } from "./json-signs.ts";
import { ODD, textBits } from "./json-cursor.ts";

/** Longer names, also of properties, are not ordinary. */
export const KEY_BYTES_MAX = 1_000;

/** Fields of a call that mean something, each a bit. */
export const TYPE = 1;
export const EVENT = 2;
export const NAME = 4;
export const USER_ID = 8;
export const ANONYMOUS_ID = 16;
export const MESSAGE_ID = 32;
export const TIMESTAMP = 64;
export const ORIGINAL_TIMESTAMP = 128;
export const SENT_AT = 256;
export const PROPERTIES = 512;
export const TRAITS = 1024;
export const CONTEXT = 2048;
export const BATCH = 4096;
export const TITLES = EVENT | NAME;
export const TIMES = TIMESTAMP | ORIGINAL_TIMESTAMP | SENT_AT;

/** A text to be known by its bytes, and what it stands for. */
interface Word {
  readonly bytes: Buffer;
  readonly means: number;
}

/** By length and first byte, in which no two of a list agree. */
type Words = readonly (Word | undefined)[];

function wordPlace(length: number, first: number): number {
  return (length << 5) | (first & 31);
}

function wordsOf(list: Readonly<Record<string, number>>): Words {
  const words: (Word | undefined)[] = [];
  for (const [text, means] of Object.entries(list)) {
    words[wordPlace(text.length, text.charCodeAt(0))] = { bytes: Buffer.from(text), means };
  }
  return words;
}

const FIELDS = wordsOf({
  type: TYPE,
  event: EVENT,
  name: NAME,
  userId: USER_ID,
  anonymousId: ANONYMOUS_ID,
  messageId: MESSAGE_ID,
  timestamp: TIMESTAMP,
  originalTimestamp: ORIGINAL_TIMESTAMP,
  sentAt: SENT_AT,
  properties: PROPERTIES,
  traits: TRAITS,
  context: CONTEXT,
  batch: BATCH,
});
const KINDS = wordsOf({ track: TRACK, identify: IDENTIFY, page: PAGE, screen: SCREEN });

/** A field by its name between two quotes; 0 for one that means nothing here. */
export function fieldNamed(bytes: Buffer, from: number, to: number): number {
  if (textBits >= ESCAPED || to - from > KEY_BYTES_MAX) throw ODD;
  return wordAmong(FIELDS, bytes, from, to) ?? 0;
}

export function kindNamed(bytes: Buffer, from: number, to: number): number {
  const kind = wordAmong(KINDS, bytes, from, to);
  if (kind === undefined) throw ODD;
  return kind;
}

/** What a text means among those words. */
function wordAmong(words: Words, bytes: Buffer, from: number, to: number): number | undefined {
  const word = words[wordPlace(to - from, bytes[from] as number)];
  if (word === undefined || word.bytes.length !== to - from) return undefined;
  for (let i = from; i < to; i++) if (bytes[i] !== word.bytes[i - from]) return undefined;
  return word.means;
}
