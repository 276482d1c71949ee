/** A Redis Cluster of three masters on loopback, for tests. */
import { connect } from "node:net";
import { startRedis, type RedisServer } from "./redis.ts";

export interface RedisCluster {
  /** All nodes, comma-separated. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

const SLOTS = 16_384;

export async function startRedisCluster(): Promise<RedisCluster> {
  const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
  const nodes = await Promise.all([0, 1, 2].map(() => startRedis({ appendonly: true, args })));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    const [first] = nodes;
    for (const [i, { port }] of nodes.entries()) {
      const from = Math.floor((SLOTS * i) / nodes.length);
      const to = Math.floor((SLOTS * (i + 1)) / nodes.length) - 1;
      await ask(port, `CLUSTER ADDSLOTSRANGE ${from} ${to}`);
      if (i > 0) await ask(first?.port ?? 0, `CLUSTER MEET 127.0.0.1 ${port}`);
    }
    for (const { port } of nodes) {
      while (!(await ask(port, "CLUSTER INFO")).includes("cluster_state:ok")) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: nodes.map(({ url }) => url).join(","), nodes, stop };
}

/** One inline command on a connection of its own; the reply as it came. Rejects on an error reply. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.once("error", reject);
    socket.once("data", (data) => {
      const reply = data.toString();
      socket.destroy();
      if (reply.startsWith("-")) reject(new Error(`${command}: ${reply}`));
      else resolve(reply);
    });
  });
}
