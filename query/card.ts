/** A contact's profile card, asked of its partition: only the owner has traits and aggregates. */
import type { Card } from "../kernel/delta.ts";
import { freshness, noContact, partitionOfContact, type Freshness, type QueryContext } from "./context.ts";

const CARD_TIMEOUT_MS = 5_000;

/** As of a step after all that had been accepted when it was asked for. Throws `not_found`, `timeout`. */
export async function fetchCard(
  context: QueryContext,
  contactId: string,
): Promise<{ readonly card: Card; readonly freshness: Freshness }> {
  const partition = partitionOfContact(context, contactId);
  const deadline = performance.now() + CARD_TIMEOUT_MS;
  const make = (nonce: string) => ({ kind: "card", nonce, contactId }) as const;
  const { reply } = await context.controls.ask<"card">(partition, make, deadline);
  if (reply.card === null) throw noContact(contactId);
  return { card: reply.card, freshness: freshness(context, [partition]) };
}
