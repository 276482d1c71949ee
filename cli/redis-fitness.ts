/** Looks at the Redis server that was given: too old is refused, settings that lose data are warned of. */
import type { Log } from "../kernel/log.ts";
import type { RedisClient } from "../kernel/redis.ts";

const MAJOR_MIN = 7;

/** Throws when the server is too old. Settings that it doesn't tell are not judged: managed servers hide theirs. */
export async function checkRedis(redis: RedisClient, log: Log): Promise<void> {
  const info = await redis.info();
  const version = /^redis_version:(\d+)(\S*)/m.exec(info);
  if (version !== null && Number(version[1]) < MAJOR_MIN) {
    throw new Error(`Redis is version ${version[1]}${version[2]}; Sluice needs ${MAJOR_MIN}.0 or newer (or Valkey).`);
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy !== undefined && policy !== "noeviction") {
    log.warn({ policy }, "redis may evict what Sluice stored when its memory is full: set maxmemory-policy noeviction");
  }
  if (/^aof_enabled:0/m.test(info)) {
    log.warn("redis has no append-only file: what it holds is lost when it ends without a snapshot");
  }
}
