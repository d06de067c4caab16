// A thousand calls at once, from many clients that use the same request ids: every answer must be the caller's own.
// Ids are written and compared as text, for JSON numbers beyond 2^53 would lose digits in JavaScript.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { bearer, check, gatewayUrl } from './checks.mjs';

const CLIENTS = 20;
const CALLS_PER_CLIENT = 50;
const REVISIONS = ['2025-11-25', '2026-07-28'];
const MAX_INT64 = 2n ** 63n - 1n;

// A connection per call in flight.
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

const ECHOES = [
  { tool: 'everything__echo', argument: 'message', answer: (text) => `Echo: ${text}` },
  { tool: 'everything-http__echo', argument: 'message', answer: (text) => `Echo: ${text}` },
  { tool: 'reference__greet', argument: 'name', answer: (text) => `Hello, ${text}!` },
];

/** Request ids as JSON text: numbers, the same digits as strings, UUID-like strings and 64-bit numbers. */
const idOf = (call) => [`${call}`, `"${call - 1}"`, `"call-${call}"`, `${MAX_INT64 - BigInt(call)}`][call % 4];

function post(body, headers) {
  return new Promise((resolve, reject) => {
    const outgoing = request(gatewayUrl, {
      agent,
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...bearer(),
        ...headers,
      },
    });
    outgoing.on('error', reject);
    outgoing.on('response', async (response) => {
      try {
        const chunks = await response.toArray();
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.end(body);
  });
}

/** The JSON-RPC messages of a response, each with the text of its id. */
function messagesOf({ headers, text }) {
  const stream = headers['content-type']?.includes('text/event-stream');
  const jsons = stream ? [...text.matchAll(/^data: ?(.+)$/gm)].map((match) => match[1]) : [text];
  return jsons.filter((json) => json.trim() !== '').map((json) => {
    let idText;
    const message = JSON.parse(json, function (key, value, { source }) {
      if (key === 'id' && 'jsonrpc' in this) idText = source;
      return value;
    });
    return { message, idText };
  });
}

const meta = (revision) => ({
  'io.modelcontextprotocol/protocolVersion': revision,
  'io.modelcontextprotocol/clientInfo': { name: 'mixup', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
});

/** Opens a session where the revision has one; returns the headers and parameters of the client's calls. */
async function connect(revision) {
  if (revision === '2026-07-28') return { headers: {}, params: { _meta: meta(revision) } };

  const params = { protocolVersion: revision, capabilities: {}, clientInfo: { name: 'mixup', version: '1.0.0' } };
  const answer = await post(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }), {});
  assert.equal(answer.status, 200, `initialize: HTTP ${answer.status} ${answer.text}`);
  const headers = { 'Mcp-Session-Id': answer.headers['mcp-session-id'] };
  await post('{"jsonrpc":"2.0","method":"notifications/initialized"}', { ...headers, 'MCP-Protocol-Version': revision });
  return { headers, params: {} };
}

async function callAndCompare(revision, { headers, params }, call) {
  const { tool, argument, answer } = ECHOES[call % ECHOES.length];
  const text = randomUUID();
  const id = idOf(call);
  const body = JSON.stringify({ name: tool, arguments: { [argument]: text }, ...params });
  const response = await post(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${body}}`, {
    ...headers,
    'MCP-Protocol-Version': revision,
    'Mcp-Method': 'tools/call',
    'Mcp-Name': tool,
  });
  assert.equal(response.status, 200, `${tool} ${id}: HTTP ${response.status} ${response.text}`);
  const responses = messagesOf(response).filter(({ message }) => !('method' in message));
  assert.equal(responses.length, 1, `${tool} ${id}: ${responses.length} answers`);
  const [{ message, idText }] = responses;
  assert.equal(idText, id, `${tool}: the id is another one`);
  assert.equal(message.result?.content?.[0]?.text, answer(text), `${tool} ${id}: the answer is another one`);
}

for (const revision of [...REVISIONS, 'both']) {
  await check(`mixup ${revision}: ${CLIENTS * CALLS_PER_CLIENT} calls of ${CLIENTS} clients at once`, async () => {
    const revisions = revision === 'both' ? REVISIONS : [revision];
    const revisionOf = (client) => revisions[client % revisions.length];
    const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, client) => connect(revisionOf(client))));
    const calls = clients.flatMap((connection, client) =>
      Array.from({ length: CALLS_PER_CLIENT }, (_, call) => callAndCompare(revisionOf(client), connection, call)),
    );
    const wrong = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected');
    assert.equal(wrong.length, 0, `${wrong.length} of ${calls.length} went wrong, first: ${wrong[0]?.reason.message}`);
  });
}

agent.destroy();
