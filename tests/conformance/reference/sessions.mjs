// Sessions of the 2025-11-25 wire: one server and one transport each, found by their Mcp-Session-Id.
// Both SDK generations shape their Streamable HTTP transport alike, so this serves either.

import { randomUUID } from 'node:crypto';
import { changes } from './changes.mjs';
import { EventStore } from './event-store.mjs';

/** How long a client shall wait before it resumes a dropped stream. */
const RETRY_MS = 300;

/**
 * @param createServer makes the server of a new session
 * @param createTransport makes its transport from the SDK's options
 * @returns a handler (req, res, body) for requests of this wire
 */
export function sessionHandler(createServer, createTransport) {
  const transports = new Map();

  return async (req, res, body) => {
    const id = req.headers['mcp-session-id'];
    if (id !== undefined) {
      const transport = transports.get(id);
      if (!transport) return refuse(res, 404, -32001, 'Session not found');
      return transport.handleRequest(req, res, body);
    }

    if (body?.method !== 'initialize') return refuse(res, 400, -32000, 'Mcp-Session-Id is missing');

    const transport = createTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new EventStore(),
      retryInterval: RETRY_MS,
      onsessioninitialized: (sessionId) => void transports.set(sessionId, transport),
      onsessionclosed: (sessionId) => void transports.delete(sessionId),
    });
    await createServer().connect(transport);
    await transport.handleRequest(req, res, body);
  };
}

/**
 * Tells the client of a session's server what has changed, for as long as the session lasts.
 * @param subscriptions the resource URIs the client has subscribed to
 */
export function announceChanges(server, subscriptions) {
  const quietly = (sending) => void sending.catch(() => {}); // a client that has gone away misses it
  const listeners = {
    tools: () => quietly(server.sendToolListChanged()),
    prompts: () => quietly(server.sendPromptListChanged()),
    resource: (uri) => subscriptions.has(uri) && quietly(server.sendResourceUpdated({ uri })),
  };
  for (const [event, listener] of Object.entries(listeners)) changes.on(event, listener);
  server.onclose = () => {
    for (const [event, listener] of Object.entries(listeners)) changes.off(event, listener);
  };
}

export function refuse(res, status, code, message) {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null }));
}
