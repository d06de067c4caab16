// The gateway as the official TypeScript SDK 1.x sees it.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { answers, bearer, check, gatewayKey, gatewayUrl, isUnauthorized, withClient } from './checks.mjs';
import { tour, tourOfOneServer } from './tour.mjs';

const changes = new EventEmitter();

async function connect(url, headers = bearer()) {
  const client = new Client(
    { name: 'sdk1', version: '1.0.0' },
    {
      capabilities: { elicitation: {}, sampling: {} },
      listChanged: { tools: { onChanged: () => changes.emit('tools') } },
    },
  );
  client.setRequestHandler(ElicitRequestSchema, answers.elicitation);
  client.setRequestHandler(CreateMessageRequestSchema, answers.sampling);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

await check('sdk1: a wrong key is refused', async () => {
  await assert.rejects(connect(gatewayUrl, bearer(`${gatewayKey.slice(0, -1)}!`)), isUnauthorized);
});

await check('sdk1: the key may come in X-API-Key', async () => {
  const client = await connect(gatewayUrl, { 'X-API-Key': gatewayKey });
  await client.close();
});

await withClient('sdk1: connects', () => connect(gatewayUrl), async (client) => {
  await check('sdk1: speaks 2025-11-25 and is pinged', async () => {
    assert.equal(client.transport.protocolVersion, '2025-11-25');
    assert.ok(client.getServerVersion()?.name);
    await client.ping();
  });
  await tour('sdk1', client, changes, (params, onprogress) => client.callTool(params, undefined, { onprogress }));
  await check('sdk1: ends its session', () => client.transport.terminateSession());
});

await withClient('sdk1: connects to one server', () => connect(`${gatewayUrl}/everything`), (client) =>
  tourOfOneServer('sdk1', client),
);
