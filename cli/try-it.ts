/** What to try next: commands for the loaded model that work when they are pasted into a shell. */
import type { Predicate } from "../dsl/ast.ts";
import type { CheckedModel } from "../dsl/check.ts";
import { walkPredicate } from "../dsl/walk.ts";
import type { Role } from "../kernel/config.ts";

export interface Trial {
  /** Name of a track event. */
  readonly event: string;
  /** A segment of the model, null where it has none. */
  readonly segment: string | null;
}

const FALLBACK_EVENT = "Order Completed";

/** If it can be seen easily, an event that brings whoever sends it into the segment at once. */
export function chooseTrial(model: CheckedModel | null): Trial {
  for (const { name, predicate } of model?.segments ?? []) {
    const event = eventOfDid(predicate);
    if (event !== null) return { event, segment: name };
  }
  const [first] = model?.segments ?? [];
  if (first === undefined) return { event: FALLBACK_EVENT, segment: null };
  let event: string | null = null;
  walkPredicate(first.predicate, {
    event: ({ kind, name }) => {
      if (kind === "track") event ??= name?.text ?? null;
    },
  });
  return { event: event ?? FALLBACK_EVENT, segment: first.name };
}

function eventOfDid(predicate: Predicate): string | null {
  if (predicate.kind !== "did") return null;
  const { event, window } = predicate.selector;
  if (event.kind !== "track" || event.where !== null || event.name === null) return null;
  return window === null || window.kind === "last" ? event.name.text : null;
}

export interface TryItOptions {
  readonly url: string;
  readonly roles: readonly Role[];
  /** Whether keys are asked for; the commands take them from the environment instead of showing them. */
  readonly writeKeys: boolean;
  readonly apiKeys: boolean;
  readonly trial: Trial;
}

/** Lines of shell, each with a comment before it. Answers end without a newline, which `echo` adds. */
export function tryIt({ url, roles, writeKeys, apiKeys, trial }: TryItOptions): string[] {
  const lines: string[] = [];
  const who = "ada";
  if (roles.includes("ingest")) {
    const body = JSON.stringify({ userId: who, event: trial.event, properties: { total: 120 } });
    const auth = writeKeys ? ' -u "${WRITE_KEYS%%,*}:"' : "";
    lines.push(`# send an event`, `curl -s${auth} ${url}/v1/track -d ${quoted(body)}; echo`);
  }
  if (roles.includes("query")) {
    const auth = apiKeys ? ' -H "Authorization: Bearer ${API_KEYS%%,*}"' : "";
    lines.push(`# wait until all that was sent can be seen`, `curl -s${auth} -X POST ${url}/v1/settle; echo`);
    if (trial.segment !== null) {
      const path = `/v1/segments/${encodeURIComponent(trial.segment)}/members`;
      lines.push(
        `# who is in the segment ${JSON.stringify(trial.segment)}`,
        `curl -s${auth} ${quoted(url + path)}; echo`,
      );
    }
    lines.push(`# all that is known about ${who}`, `curl -s${auth} ${url}/v1/contacts/${who}; echo`);
  }
  return lines;
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
