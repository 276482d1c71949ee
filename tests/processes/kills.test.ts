/**
 * Servers and their Redis are killed at random moments while events flow in through HTTP. Clients send again what was
 * not answered; in the end every event is in exactly once, and no change of membership was told twice or never.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, onTestFailed, onTestFinished, test } from "vitest";
import { machineClock } from "../../kernel/clock.ts";
import { startRedis, type RedisServer } from "../harness/redis.ts";
import { endServers, startServer, type ServerProcess } from "../harness/server.ts";
import { createRandom, type Random } from "../sim/random.ts";
import { expectExactlyOnce } from "./proof.ts";
import { SEED } from "./runs.ts";
import { createShop, MODEL } from "./shop.ts";
import { startTraffic, type Traffic } from "./traffic.ts";
import { startWitness, type Witness } from "./witness.ts";

const TIMEOUT_MS = 600_000;
const PEOPLE = 500;
const POLL_MS = 10;
/** Far longer than anything takes, also on a machine that is busy with other tests. */
const STANDSTILL_MS_MAX = 60_000;
/** Characters of a server's output. */
const OUTPUT_SHOWN = 100_000;

interface Shape {
  readonly partitions: number;
  readonly env: Readonly<Record<string, string>>;
}

function randomShape(random: Random): Shape {
  const partitions = random.pick([1, 4, 16]);
  return {
    partitions,
    env: {
      PARTITIONS: String(partitions),
      PROCESSOR_THREADS: random.pick(["1", "2"]),
      // Small, so that there are many checkpoints and a killed owner is soon replaced.
      SWEEP_SECONDS: random.pick(["0.1", "0.5"]),
      LEASE_SECONDS: "1",
    },
  };
}

function told(events: readonly unknown[], witness: Witness, { env }: Shape): string {
  return `${events.length} events, ${witness.cards} cards, ${JSON.stringify(env)}`;
}

/** A random run that failed doesn't come back: what the servers said is all there is to look at. */
function tellIfFailed(servers: readonly ServerProcess[]): void {
  onTestFailed(() => {
    for (const { output } of servers) process.stdout.write(`\n${output.slice(-OUTPUT_SHOWN)}\n`);
  });
}

let redis: RedisServer | null = null;

afterEach(async () => {
  await endServers();
  await redis?.stop();
  redis = null;
});

/** Processors most of all, since they hold state; some are told to end instead. */
const VICTIMS = { ingest: 3, processor: 8, query: 3, redis: 2, restarted: 5 } as const;
type Victim = keyof typeof VICTIMS;

/** All of them in an order of their own. */
function victims(random: Random): Victim[] {
  const all = Object.keys(VICTIMS) as Victim[];
  return random.shuffled(all.flatMap((victim) => Array.from({ length: VICTIMS[victim] }, () => victim)));
}

/** Until it is killed, a server doesn't end, whatever becomes of its Redis. */
async function strike(server: ServerProcess): Promise<void> {
  expect(await server.kill(), server.output.slice(-5_000)).toEqual({ code: null, signal: "SIGKILL" });
  server.start();
}

/** As an operator does, who doesn't look whether it has come up already. */
async function restart(server: ServerProcess): Promise<void> {
  const exit = await server.kill("SIGTERM");
  const endings = [
    { code: 0, signal: null },
    { code: null, signal: "SIGTERM" },
  ];
  expect(endings, server.output.slice(-5_000)).toContainEqual(exit);
  server.start();
}

interface Flow {
  readonly random: Random;
  readonly traffic: Traffic;
  readonly witness: Witness;
  readonly servers: readonly ServerProcess[];
}

/** Some kills strike while a process is still starting, some while events are taken, some while they are processed. */
async function randomMoment({ random, traffic, witness, servers }: Flow): Promise<void> {
  const when = random.pick(["starting", "taking", "processing", "processing"]);
  const progress = (): number => (when === "taking" ? traffic.answers : witness.cards);
  const enough = progress() + (when === "starting" ? 0 : 2);
  const deadline = performance.now() + STANDSTILL_MS_MAX;
  while (progress() < enough) {
    traffic.check();
    witness.check();
    if (performance.now() > deadline) {
      throw new Error(`nothing goes on any more:\n${servers.map(({ output }) => output.slice(-3_000)).join("\n")}`);
    }
    await pause(POLL_MS);
  }
  await pause(random.below(when === "starting" ? 1_500 : 600));
}

test(
  `a server and its private Redis that are killed again and again lose nothing and count nothing twice (seed ${SEED})`,
  async () => {
    const random = createRandom(SEED);
    const shape = randomShape(random);
    const server = await startServer({ model: MODEL, env: shape.env });
    const shop = createShop({ random, now: () => machineClock.now(), people: PEOPLE });
    const traffic = startTraffic({ url: server.url, shop, random, senders: 4, pauseMs: 40 });
    const witness = startWitness(server.url, traffic.ledger, random);
    onTestFinished(() => {
      traffic.abandon();
      witness.abandon();
    });
    const flow = { random, traffic, witness, servers: [server] };
    tellIfFailed(flow.servers);
    const kills = { server: 0, redis: 0 };
    const takenOver = new Set<number>();

    while (kills.server < 20 || kills.redis < 4) {
      await randomMoment(flow);
      const what = random.pick(["server", "server", "server", "server", "redis", "both"]);
      const found = server.privateRedis();
      if (what !== "server" && found !== null) {
        process.kill(found.pid, "SIGKILL");
        kills.redis++;
      }
      if (what === "redis") continue;
      await strike(server);
      kills.server++;
      if (what === "server" && found !== null) takenOver.add(found.pid);
    }
    await traffic.stop();
    await witness.stop();
    await server.ready();
    const events = traffic.ledger.answered;
    process.stdout.write(`${told(events, witness, shape)}, ${JSON.stringify(kills)}\n`);
    expect(takenOver.size).toBeGreaterThan(0);
    expect(server.output).toContain("taking over the private redis-server");

    const redisUrl = server.privateRedis()?.url ?? "";
    await expectExactlyOnce({ url: server.url, redisUrl, partitions: shape.partitions, clockMode: "wall", events });
  },
  TIMEOUT_MS,
);

test(
  `processes with a role each that are killed again and again lose nothing and count nothing twice (seed ${SEED})`,
  async () => {
    const random = createRandom(SEED + 1);
    const shape = randomShape(random);
    const shared = await startRedis({ appendonly: true });
    redis = shared;
    const start = (role: "ingest" | "processor" | "query"): Promise<ServerProcess> =>
      startServer({ roles: [role], redisUrl: shared.url, model: MODEL, env: { ...shape.env, CLOCK: "event" } });
    // One after the other: they would race for two cores, and the first makes the store.
    const ingest = await start("ingest");
    const processors = [await start("processor"), await start("processor")] as const;
    const query = await start("query");

    // The past as it might be replayed: each call a little later than the one before.
    let happened = Date.UTC(2026, 2, 1);
    const now = (): number => (happened += random.below(200));
    const shop = createShop({ random, now, people: PEOPLE });
    const traffic = startTraffic({ url: ingest.url, shop, random, senders: 4, pauseMs: 40 });
    const witness = startWitness(query.url, traffic.ledger, random);
    onTestFinished(() => {
      traffic.abandon();
      witness.abandon();
    });
    const flow = { random, traffic, witness, servers: [ingest, ...processors, query] };
    tellIfFailed(flow.servers);
    for (const victim of victims(random)) {
      await randomMoment(flow);
      if (victim === "redis") {
        await shared.kill();
        await pause(random.below(1_000));
        await shared.restart();
      } else if (victim === "restarted") {
        await restart(random.pick([ingest, ...processors, query]));
      } else if (victim === "processor") {
        await strike(random.pick(processors));
      } else {
        await strike(victim === "ingest" ? ingest : query);
      }
    }
    await traffic.stop();
    await witness.stop();
    await query.ready();
    expect(witness.cards).toBeGreaterThan(0);
    const events = traffic.ledger.answered;
    process.stdout.write(`${told(events, witness, shape)}, ${JSON.stringify(VICTIMS)}\n`);

    await expectExactlyOnce({
      url: query.url,
      redisUrl: shared.url,
      partitions: shape.partitions,
      clockMode: "event",
      events,
    });
  },
  TIMEOUT_MS,
);
