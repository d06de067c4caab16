// An MCP server for tests whose tools, prompts and resources bear the names the conformance suite expects.
//
//   node reference-server.mjs [--port N] [--era legacy|modern|dual]
//
// legacy: 2025-11-25 only, on the SDK 1.x, with sessions, GET stream and resumption.
// modern: 2026-07-28 only, on the SDK 2.x.
// dual (default): both on one endpoint, on the SDK 2.x.
// Prints `listening URL` when ready. Loopback only.

import { createServer as createHttpServer } from 'node:http';
import { parseArgs } from 'node:util';
import { localhostHostValidation, localhostOriginValidation, toWebRequest } from '@modelcontextprotocol/node';
import { isLegacyRequest } from '@modelcontextprotocol/server';
import { refuse, sessionHandler } from './reference/sessions.mjs';
import * as v1 from './reference/v1.mjs';
import * as v2 from './reference/v2.mjs';

const { values: options } = parseArgs({
  options: { port: { type: 'string', default: '0' }, era: { type: 'string', default: 'dual' } },
});

const handlers = {
  legacy: () => sessionHandler(v1.createServer, v1.createTransport),
  modern: v2.modernHandler,
  dual() {
    const modern = v2.modernHandler();
    const legacy = sessionHandler(v2.createServer, v2.createTransport);
    return async (req, res, body) => {
      const old = await isLegacyRequest(await toWebRequest(req, body), body);
      return (old ? legacy : modern)(req, res, body);
    };
  },
};

if (!Object.hasOwn(handlers, options.era)) {
  console.error(`--era must be one of ${Object.keys(handlers).join(', ')}`);
  process.exit(64);
}

const handle = handlers[options.era]();
const validHost = localhostHostValidation();
const validOrigin = localhostOriginValidation();

/** The parsed body of a POST; undefined for other methods. */
async function readBody(req) {
  if (req.method !== 'POST') return undefined;
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

const server = createHttpServer(async (req, res) => {
  if (!validHost(req, res) || !validOrigin(req, res)) return;
  if (new URL(req.url, 'http://localhost').pathname !== '/mcp') return refuse(res, 404, -32000, 'Not found');

  let body;
  try {
    body = await readBody(req);
  } catch {
    return refuse(res, 400, -32700, 'Parse error');
  }
  await handle(req, res, body);
});

server.listen(Number(options.port), '127.0.0.1', () => {
  console.log(`listening http://127.0.0.1:${server.address().port}/mcp`);
});

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
