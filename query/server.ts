/**
 * The query and control half of the HTTP API as a Fastify plugin. It holds no state but views that can be rebuilt
 * from Redis, so as many processes as wanted can run it beside each other.
 */
import { createGunzip } from "node:zlib";
import type { Readable } from "node:stream";
import { TypeBoxValidatorCompiler } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, FastifySchemaCompiler } from "fastify";
import { Type, type TSchema } from "typebox";
import { SluiceError } from "../kernel/errors.ts";
import { createGuard } from "./auth.ts";
import type { QueryContext, QueryDeps } from "./context.ts";
import { createControls, type Controls } from "./controls.ts";
import { startFollower, type Follower } from "./follower.ts";
import { sendError } from "./http-errors.ts";
import { createQueryMetrics } from "./metrics.ts";
import { createModelRegistry } from "./model-registry.ts";
import { attachQuickAnswers } from "./quick-answers.ts";
import { contactRoutes } from "./routes-contacts.ts";
import { controlRoutes } from "./routes-control.ts";
import { healthRoutes, metricsRoute } from "./routes-health.ts";
import { modelRoutes } from "./routes-model.ts";
import { overviewRoutes } from "./routes-overview.ts";
import { queryRoutes } from "./routes-query.ts";
import { reservedRoutes } from "./routes-reserved.ts";
import { segmentRoutes } from "./routes-segments.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks, as it is written down with what they change. */
    caller: string;
  }
}

/**
 * Options that the Fastify instance around this plugin must have: an id in a path has up to 256 characters, each up
 * to nine when URL-encoded; the framework's own bound is 100.
 */
export const QUERY_APP_OPTIONS = { routerOptions: { maxParamLength: 4096 } } as const;

const BODY_BYTES_MAX = 256 * 1024;

/** The views begin to load at once and end with the app; until they are whole, answers from them are 503. */
export function buildQuery(deps: QueryDeps): FastifyPluginAsync {
  return async (app) => {
    const context = createContext(deps);
    app.addHook("onClose", () => context.follower.stop());
    app.setErrorHandler(sendError);
    const guard = createGuard(deps.config.apiKeys);
    if (deps.quick !== undefined) attachQuickAnswers(app, context, guard, deps.quick);
    await app.register(healthRoutes(context));
    const guarded = async (inner: FastifyInstance): Promise<void> => {
      // Words in a URL become numbers where numbers are wanted; in a body a number is a number.
      inner.setValidatorCompiler(compileValidator);
      inner.decorateRequest("caller", "");
      inner.addHook("onRequest", (request, _reply, done) => {
        request.caller = guard(request);
        done();
      });
      // Callbacks and not promises: every promise of a hook costs each request a turn of the microtasks.
      inner.addHook("preParsing", (request, _reply, payload, done) => {
        const encoding = encodingOf(request);
        if (encoding === "identity") done(null, payload);
        else if (encoding === "gzip") done(null, unzipped(payload as Readable));
        else done(new SluiceError("unsupported_media_type", `the encoding ${encoding} is not accepted`));
      });
      acceptJsonOnly(inner);
      await inner.register(modelRoutes(context));
      await inner.register(segmentRoutes(context));
      await inner.register(contactRoutes(context));
      await inner.register(queryRoutes(context));
      await inner.register(overviewRoutes(context));
      await inner.register(controlRoutes(context));
      await inner.register(reservedRoutes);
      if (deps.config.metricsPublic !== true) await inner.register(metricsRoute(context));
    };
    await app.register(guarded);
    if (deps.config.metricsPublic === true) await app.register(metricsRoute(context));
  };
}

/** Parts of a path are text as they are: where no more is asked of them, there is nothing to check or convert. */
const compileValidator: FastifySchemaCompiler<TSchema> = (given) => {
  const { schema, httpPart } = given;
  const properties: TSchema[] = Object.values((schema as { properties?: Record<string, TSchema> }).properties ?? {});
  const anyText = properties.every((one) => Object.keys(one).every((key) => TEXT_KEYS.has(key)) && Type.IsString(one));
  if (httpPart === "params" && anyText) return (value) => ({ value });
  return TypeBoxValidatorCompiler(given);
};
const TEXT_KEYS: ReadonlySet<string> = new Set(["type", "description"]);

/** Starts to follow. The pieces know each other: the follower hands replies to those who asked. */
export function createContext(deps: QueryDeps): QueryContext {
  const { redis, log, config } = deps;
  const models = createModelRegistry(redis, log);
  const started: { follower: Follower | null } = { follower: null };
  const follower = (): Follower => {
    if (started.follower === null) throw new Error("the follower has not been started");
    return started.follower;
  };
  const controls: Controls = createControls(redis, follower);
  const metrics = createQueryMetrics(deps.registry, deps.clock, follower);
  started.follower = startFollower({
    redis,
    connect: (buffers) => deps.connect(buffers),
    partitions: config.partitions,
    log,
    onReplies(partition, step, replies) {
      metrics.steps.inc();
      if (replies.length > 0) controls.take(partition, step, replies);
    },
    onDropped(partition) {
      metrics.drops.inc();
      controls.dropped(partition);
    },
    onModelMayHaveChanged: (baseModels) => models.refresh(baseModels),
  });
  return { deps, follower: started.follower, models, controls };
}

/** No page of another site can send JSON without asking the browser for leave first, which it doesn't get here. */
function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string", bodyLimit: BODY_BYTES_MAX }, parse);
}

function encodingOf(request: FastifyRequest): string {
  return request.headers["content-encoding"]?.toLowerCase() ?? "identity";
}

/** Bodies may come gzipped; the route's limit holds for what comes out. */
function unzipped(payload: Readable): Readable {
  const gunzip = createGunzip();
  const counted = gunzip as typeof gunzip & { receivedEncodedLength: number };
  counted.receivedEncodedLength = 0;
  payload.on("data", (chunk: Buffer) => {
    counted.receivedEncodedLength += chunk.length;
  });
  payload.on("error", (error) => gunzip.destroy(error));
  return payload.pipe(counted);
}
