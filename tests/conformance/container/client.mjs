// The gateway in its container as the official TypeScript SDK sees it, over TLS.

import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { bearer, check, gatewayUrl } from '../clients/checks.mjs';

const client = new Client({ name: 'container', version: '1.0.0' });

await check('container: a client connects over TLS', () =>
  client.connect(new StreamableHTTPClientTransport(new URL(gatewayUrl), { requestInit: { headers: bearer() } })),
);

await check('container: a tool of the HTTPS upstream answers', async () => {
  const answer = await client.callTool({ name: 'reference__test_simple_text', arguments: {} });
  assert.equal(answer.isError ?? false, false);
  assert.ok(answer.content[0].text.length > 0);
});

await client.close();
