// A connection that breaks in the middle of a call: the official TypeScript SDK 1.x takes the stream up again by itself.

import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { once } from 'node:events';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { bearer, check, gatewayUrl, textOf, withClient } from './checks.mjs';

const gateway = new URL(gatewayUrl);
let cutAfter = Infinity; // events of the next stream that answers a POST
let cuts = 0;

/** Passes everything on, but resets the connection of a POST's event stream after so many events. */
const proxy = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming;
  const forwarded = request({ host: gateway.hostname, port: gateway.port, method, path: url, headers }, (response) => {
    outgoing.writeHead(response.statusCode, response.headers);
    const left = method === 'POST' && response.headers['content-type']?.startsWith('text/event-stream') ? cutAfter : Infinity;
    let seen = '';
    response.on('data', (chunk) => {
      outgoing.write(chunk);
      seen += chunk;
      if (seen.split('\n\n').length > left) {
        cutAfter = Infinity;
        cuts++;
        incoming.socket.end(() => incoming.socket.destroy());
        forwarded.destroy();
      }
    });
    response.on('end', () => outgoing.end());
    response.on('error', () => {});
  });
  forwarded.on('error', () => outgoing.destroy());
  outgoing.on('close', () => forwarded.destroy());
  incoming.pipe(forwarded);
}).listen(0, '127.0.0.1');
await once(proxy, 'listening');
const proxied = `http://127.0.0.1:${proxy.address().port}${gateway.pathname}`;

async function connect() {
  const client = new Client({ name: 'resume', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(proxied), { requestInit: { headers: bearer() } }));
  return client;
}

await withClient('resume: connects', connect, async (client) => {
  for (const events of [1, 2, 3]) {
    await check(`resume: a call whose connection breaks after ${events} event${events > 1 ? 's' : ''} is answered, and nothing comes twice`, async () => {
      const before = cuts;
      const seen = [];
      cutAfter = events;
      const params = { name: 'reference__test_tool_with_progress', arguments: {} };
      textOf(await client.callTool(params, undefined, { onprogress: ({ progress }) => seen.push(progress) }));
      assert.equal(cuts, before + 1, 'the connection was not cut');
      // What comes together with the result may be too late for the SDK's progress handler; what was seen is in order and seen once.
      assert.deepEqual(seen, [0, 50, 100].slice(0, seen.length));
    });
  }
});

proxy.close();
proxy.closeAllConnections();
