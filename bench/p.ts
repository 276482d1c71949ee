import { writeFileSync } from "node:fs"; import { windowedModel, createTraffic } from "./events.ts"; import { runLoad } from "./load.ts";
if (process.argv[2] === "model") writeFileSync("/tmp/pv/m.sluice", windowedModel(100));
else { const r = await runLoad({ url: process.argv[2]!, traffic: createTraffic({ seed: 1, contacts: 200000 }), batch: Number(process.argv[3]), connections: 20, seconds: 6 }); console.log(r); }
