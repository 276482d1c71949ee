#!/usr/bin/env node
/** Stands in for curl where there is none: just the options that the commands printed at the start use. */
const options = { method: undefined, headers: {}, body: undefined };
let url = "";
const args = process.argv.slice(2);
while (args.length > 0) {
  const arg = args.shift();
  if (arg === "-s") continue;
  else if (arg === "-X") options.method = args.shift();
  else if (arg === "-u") options.headers["authorization"] = `Basic ${btoa(args.shift())}`;
  else if (arg === "-H") {
    const [name, value] = args.shift().split(/: */, 2);
    options.headers[name.toLowerCase()] = value;
  } else if (arg === "-d") {
    options.body = args.shift();
    options.headers["content-type"] ??= "application/x-www-form-urlencoded";
  } else url = arg;
}
options.method ??= options.body === undefined ? "GET" : "POST";
const response = await fetch(url, options);
process.stdout.write(await response.text());
