// Lets the conformance suite judge the gateway as a client: its servers are the gateway's upstreams, once driven by a client of each era.
//
//   GATEWAY_BINARY=… node client-leg.mjs REVISION
//
// Prints one table; see report.mjs for when it fails. The list in open.json is "client leg REVISION".

import { join } from 'node:path';
import { report } from './report.mjs';
import { runClientLeg, scenariosOf, summarize } from './suite.mjs';

const CLIENTS = ['2025-11-25', '2026-07-28'];

const [revision] = process.argv.slice(2);
if (!revision || !process.env.GATEWAY_BINARY) {
  console.error('usage: GATEWAY_BINARY=… client-leg.mjs REVISION');
  process.exit(64);
}

const scenarios = await scenariosOf(revision, 'client');
const runs = [];
for (const client of CLIENTS) runs.push(await run(client));

const rows = scenarios.map(({ name, scored }) => {
  const cells = runs.map((results) => summarize(results.get(name)));
  return { name, scored, cells, passed: cells.every((cell) => cell.passed), owed: true, complaints: cells.flatMap((cell) => cell.complaints) };
});
const columns = CLIENTS.map((client) => `client of ${client}`);
process.exitCode = (await report({ list: `client leg ${revision}`, columns, rows })) ? 0 : 1;

async function run(client) {
  const started = Date.now();
  console.error(`${revision}: running the suite's client leg, the gateway driven by a client of ${client}`);
  const results = await runClientLeg([process.execPath, join(import.meta.dirname, 'client-driver.mjs'), client], revision);
  console.error(`${revision}: ${results.size} scenarios in ${Math.round((Date.now() - started) / 1000)} s`);
  return results;
}
