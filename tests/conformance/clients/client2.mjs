// The gateway as the official TypeScript client 2.x sees it, in each way it can negotiate a revision.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { answers, bearer, check, gatewayKey, gatewayUrl, isUnauthorized, withClient } from './checks.mjs';
import { tour, tourOfOneServer } from './tour.mjs';

const MODES = [
  { label: 'client2 legacy', mode: 'legacy', revision: '2025-11-25' },
  { label: 'client2 auto', mode: 'auto', revision: '2026-07-28' },
  { label: 'client2 pinned', mode: { pin: '2026-07-28' }, revision: '2026-07-28' },
];

const changes = new EventEmitter();

async function connect(url, mode, headers = bearer()) {
  const client = new Client(
    { name: 'client2', version: '1.0.0' },
    {
      capabilities: { elicitation: {}, sampling: {} },
      listChanged: { tools: { onChanged: () => changes.emit('tools') } },
      versionNegotiation: { mode },
    },
  );
  client.setRequestHandler('elicitation/create', answers.elicitation);
  client.setRequestHandler('sampling/createMessage', answers.sampling);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

for (const { label, mode, revision } of MODES) {
  await check(`${label}: a wrong key is refused`, async () => {
    await assert.rejects(connect(gatewayUrl, mode, bearer(`${gatewayKey.slice(0, -1)}!`)), isUnauthorized);
  });

  await withClient(`${label}: connects`, () => connect(gatewayUrl, mode), async (client) => {
    await check(`${label}: speaks ${revision}`, async () => {
      assert.equal(client.getNegotiatedProtocolVersion(), revision);
    });
    await tour(label, client, changes, (params, onprogress) => client.callTool(params, { onprogress }));
  });

  await withClient(`${label}: connects to one server`, () => connect(`${gatewayUrl}/everything`, mode), (client) =>
    tourOfOneServer(label, client),
  );
}
