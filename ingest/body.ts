/** Request bodies: unzipped where they are gzip, whatever their headers say, and never larger than allowed. */
import { promisify } from "node:util";
import { gunzip, gunzipSync } from "node:zlib";
import { SluiceError } from "../kernel/errors.ts";

const unzip = promisify(gunzip);
/** Bodies up to here are unzipped on the spot: handing them to another thread would take longer. */
const ON_THE_SPOT_BYTES_MAX = 16 * 1024;

/**
 * The plain bytes of a body. Gzip is known by its first bytes, with which no JSON text begins, since client libraries
 * label it in different ways. Stops as soon as the result would have more than `bytesMax` bytes (`too_large`).
 */
export async function plainBody(body: Buffer, bytesMax: number): Promise<Buffer> {
  if (body[0] !== 0x1f || body[1] !== 0x8b) {
    if (body.length > bytesMax) throw tooLarge(bytesMax, "");
    return body;
  }
  const options = { maxOutputLength: bytesMax };
  try {
    return body.length <= ON_THE_SPOT_BYTES_MAX ? gunzipSync(body, options) : await unzip(body, options);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
      throw tooLarge(bytesMax, " after gunzip");
    }
    throw new SluiceError("invalid_json", "the body begins like gzip but can't be unzipped");
  }
}

export function tooLarge(bytesMax: number, when: string): SluiceError {
  return new SluiceError("too_large", `the body has more than ${bytesMax} bytes${when}`);
}
