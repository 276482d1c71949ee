/** `/v1/contacts`: one contact's profile card, and the hot call for the segments it is in. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { fetchCard } from "./card.ts";
import { findContact, freshness, isoTime, type QueryContext } from "./context.ts";
import { freshnessJson, sendJson } from "./member-json.ts";
import * as schemas from "./schemas.ts";
import { segmentsAnswer } from "./segments-answer.ts";

const idParams = Type.Object({ id: schemas.contactId });
const TAGS = ["Contacts"];

export function contactRoutes(context: QueryContext): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      "/v1/contacts/:id",
      {
        schema: {
          summary: "The profile card of a contact",
          description: "Asked of the contact's partition: it holds every event that was accepted before the call.",
          tags: TAGS,
          params: idParams,
          answers: { 200: { schema: schemas.card, description: "All that is known" } },
          errors: ["not_found", "not_ready", "timeout", "unavailable"],
        },
      },
      async (request) => {
        const { card, freshness: fresh } = await fetchCard(context, request.params.id);
        return {
          id: card.id,
          aliases: [],
          traits: card.traits,
          company: null,
          score: card.score,
          tags: card.tags,
          stage: card.stage,
          values: card.values,
          segments: card.segments.map((segment) => segment.name),
          firstSeen: isoTime(card.firstSeen),
          lastSeen: isoTime(card.lastSeen),
          aggregates: card.aggregates,
          saturated: card.saturated,
          ...fresh,
        };
      },
    );

    app.get(
      "/v1/contacts/:id/segments",
      {
        schema: {
          summary: "The segments that a contact is in, from memory",
          description: "The call for every page view: answered without asking anybody.",
          tags: TAGS,
          params: idParams,
          answers: {
            200: {
              schema: Type.Object({ segments: Type.Array(Type.String()), ...schemas.freshnessFields }),
              description: "Names, in the order of the model",
            },
          },
          errors: ["not_found", "not_ready"],
        },
      },
      (request, reply) => {
        const { partition, view, slot } = findContact(context, request.params.id);
        const fresh = freshnessJson(freshness(context, [partition]));
        void sendJson(reply, segmentsAnswer(context.models.current, view, slot, fresh));
      },
    );
  };
}
