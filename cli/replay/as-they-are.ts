/** Lines that are calls of the API already, as `sluice demo --out` writes them: no mapping needed. */
import { CALL_KINDS, type CallKind } from "../../kernel/event.ts";
import type { Call } from "./call.ts";
import { hashOf, type Mapper } from "./mapper.ts";
import type { Line } from "./values.ts";

const KINDS: readonly string[] = CALL_KINDS satisfies readonly CallKind[];

/** A line without a messageId gets the hash of its content. What else is wrong with a call, the server says. */
export function createCallReader(): Mapper {
  return {
    fields: new Set(),
    take(line) {
      const type = line["type"];
      if (typeof type !== "string" || !KINDS.includes(type)) {
        return { calls: [], aside: ["the line is no call of the API: it has no type such as track or identify"] };
      }
      return { calls: [withMessageId(line)], aside: [] };
    },
    end: () => ({ calls: [], aside: [] }),
  };
}

function withMessageId(line: Line): Call {
  const id = line["messageId"];
  const given = typeof id === "string" && id !== "";
  return (given ? line : { ...line, messageId: hashOf(line) }) as unknown as Call;
}
