/**
 * A process that starts a private Redis server on the folder of its first argument, says so in one line of JSON, and
 * lives until its standard input closes or it is killed. For tests of what happens when the parent is gone.
 */
import { createLog } from "../../kernel/log.ts";
import { startPrivateRedis } from "../../cli/private-redis/server.ts";

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("which folder?");
const redis = await startPrivateRedis({ dataDir, fsync: "always", log: createLog("silent") });
process.stdout.write(`${JSON.stringify({ pid: redis.pid, url: redis.url })}\n`);
process.stdin.resume();
process.stdin.on("end", () => void redis.stop().then(() => process.exit(0)));
