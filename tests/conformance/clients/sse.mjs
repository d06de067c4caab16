// The gateway as clients of the transport of 2024-11-05 see it: HTTP+SSE by the official TypeScript SDK 1.x.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { answers, bearer, check, gatewayKey, gatewayUrl, isUnauthorized, textOf, withClient } from './checks.mjs';
import { tour, tourOfOneServer } from './tour.mjs';

const sseUrl = gatewayUrl.replace(/\/mcp$/, '/sse');
const changes = new EventEmitter();

async function connect(url, headers = bearer()) {
  const client = new Client(
    { name: 'sse', version: '1.0.0' },
    {
      capabilities: { elicitation: {}, sampling: {} },
      listChanged: { tools: { onChanged: () => changes.emit('tools') } },
    },
  );
  client.setRequestHandler(ElicitRequestSchema, answers.elicitation);
  client.setRequestHandler(CreateMessageRequestSchema, answers.sampling);
  await client.connect(new SSEClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

await check('sse: a wrong key is refused', async () => {
  await assert.rejects(connect(sseUrl, bearer(`${gatewayKey.slice(0, -1)}!`)), isUnauthorized);
});

await withClient('sse: connects', () => connect(sseUrl), async (client) => {
  await check('sse: is pinged', () => client.ping());
  await tour('sse', client, changes, (params, onprogress) => client.callTool(params, undefined, { onprogress }));
  await check('sse: a server over HTTP+SSE answers', async () => {
    const { content } = await client.callTool({ name: 'everything-sse__echo', arguments: { message: 'both sides' } });
    assert.equal(content[0].text, 'Echo: both sides');
  });
  await check('sse: a server over HTTP+SSE that is found out answers', async () => {
    const text = textOf(await client.callTool({ name: 'everything-sse-found__get-sum', arguments: { a: 17, b: 25 } }));
    assert.match(text, /42/);
  });
  await check('sse: a server over HTTP+SSE reports progress', async () => {
    const seen = [];
    const params = { name: 'everything-sse__trigger-long-running-operation', arguments: { duration: 1, steps: 4 } };
    textOf(await client.callTool(params, undefined, { onprogress: ({ progress }) => seen.push(progress) }));
    // The last one comes together with the result, and the SDK forgets the handler as soon as it has seen that.
    assert.deepEqual(seen.slice(0, 3), [1, 2, 3]);
  });
});

await withClient('sse: connects to one server', () => connect(`${sseUrl}/everything`), (client) => tourOfOneServer('sse', client));
