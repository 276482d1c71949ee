/** The fields and kinds of calls, known by their bytes. */
import {
  ANONYMOUS_ID,
  BATCH,
  CONTEXT,
  EVENT,
  IDENTIFY,
  MESSAGE_ID,
  NAME,
  ORIGINAL_TIMESTAMP,
  PAGE,
  PROPERTIES,
  SCREEN,
  SENT_AT,
  TIMESTAMP,
  TRACK,
  TRAITS,
  TYPE,
  USER_ID,
} from "./layout";

/** A word: its bytes with zeros behind, ones where it has bytes, its length, what it stands for. */
const WORD_MASK: usize = 32;
const WORD_LENGTH: usize = 64;
const WORD_MEANS: usize = 68;
const WORD_BYTES: usize = 80;
const VECTOR_BYTES: usize = 16;
/** By length and first byte, in which no two of a list agree; the longest has 17 bytes. */
const LENGTH_BITS: u32 = 5;
const LENGTH_MAX: usize = 17;
const PLACES: usize = (LENGTH_MAX + 1) << LENGTH_BITS;

const fieldWords: usize = memory.data((PLACES * WORD_BYTES) as i32, 16);
const kindWords: usize = memory.data((PLACES * WORD_BYTES) as i32, 16);

function placeOf(words: usize, length: usize, first: u8): usize {
  return words + ((length << LENGTH_BITS) | ((first & 31) as usize)) * WORD_BYTES;
}

function add(words: usize, text: string, means: u32): void {
  const length = text.length;
  const word = placeOf(words, length, text.charCodeAt(0) as u8);
  for (let i = 0; i < length; i++) {
    store<u8>(word + i, text.charCodeAt(i) as u8);
    store<u8>(word + i, 0xff, WORD_MASK);
  }
  store<u32>(word, length, WORD_LENGTH);
  store<u32>(word, means, WORD_MEANS);
}

add(fieldWords, "type", TYPE);
add(fieldWords, "event", EVENT);
add(fieldWords, "name", NAME);
add(fieldWords, "userId", USER_ID);
add(fieldWords, "anonymousId", ANONYMOUS_ID);
add(fieldWords, "messageId", MESSAGE_ID);
add(fieldWords, "timestamp", TIMESTAMP);
add(fieldWords, "originalTimestamp", ORIGINAL_TIMESTAMP);
add(fieldWords, "sentAt", SENT_AT);
add(fieldWords, "properties", PROPERTIES);
add(fieldWords, "traits", TRAITS);
add(fieldWords, "context", CONTEXT);
add(fieldWords, "batch", BATCH);
add(kindWords, "track", TRACK + 1);
add(kindWords, "identify", IDENTIFY + 1);
add(kindWords, "page", PAGE + 1);
add(kindWords, "screen", SCREEN + 1);

/** A field by its name; 0 for one that means nothing here. */
export function fieldNamed(from: usize, to: usize): u32 {
  return wordAmong(fieldWords, from, to);
}

/** A kind plus one by its name; 0 for any other. */
export function kindNamed(from: usize, to: usize): u32 {
  return wordAmong(kindWords, from, to);
}

/** What a text means among those words; 0 where it is none. */
function wordAmong(words: usize, from: usize, to: usize): u32 {
  const length = to - from;
  if (length > LENGTH_MAX || length === 0) return 0;
  const word = placeOf(words, length, load<u8>(from));
  if (load<u32>(word, WORD_LENGTH) !== (length as u32)) return 0;
  let differ = v128.and(v128.xor(v128.load(from), v128.load(word)), v128.load(word, WORD_MASK));
  if (length > VECTOR_BYTES) {
    const rest = v128.xor(v128.load(from, VECTOR_BYTES), v128.load(word, VECTOR_BYTES));
    differ = v128.or(differ, v128.and(rest, v128.load(word, WORD_MASK + VECTOR_BYTES)));
  }
  return v128.any_true(differ) ? 0 : load<u32>(word, WORD_MEANS);
}
