// The reference server on the SDK 2.x: the 2026-07-28 wire, and the 2025-11-25 wire beside it.

import { randomBytes } from 'node:crypto';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import {
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import { changes } from './changes.mjs';
import { CAPABILITIES, INSTRUCTIONS, SERVER_INFO, sharedHandlers, tools } from './handlers.mjs';
import { announceChanges } from './sessions.mjs';

const fail = {
  invalidParams: (message) => new ProtocolError(ProtocolErrorCode.InvalidParams, message),
  resourceNotFound: (uri) => new ResourceNotFoundError(uri),
};

// Signs the state that travels through the client, so that an altered one is refused.
const stateCodec = createRequestStateCodec({ key: randomBytes(32) });

// Unlike the SDK's default (0, private), so that a proxy which drops the hints is seen.
const LIST_HINT = { ttlMs: 1000, cacheScope: 'public' };
const CACHE_HINTS = {
  'tools/list': LIST_HINT,
  'prompts/list': LIST_HINT,
  'resources/list': LIST_HINT,
  'resources/templates/list': LIST_HINT,
  'resources/read': { ttlMs: 500, cacheScope: 'private' },
};

/** Thrown by `ask` while answers are missing; carries the result that requests them. */
class InputNeeded extends Error {
  constructor(result) {
    super('Input is needed from the client');
    this.result = result;
  }
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

const contextOf = (ctx, mcp) => ({
  clientCapabilities: () =>
    ctx.mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? mcp.server.getClientCapabilities() ?? {},
  closeStream: () => ctx.http?.closeSSE?.(),
  log: (level, data) => ctx.mcpReq.log(level, data),

  async progress(progress, total) {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    if (progressToken === undefined) return;
    await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total } });
  },

  // On the 2025-11-25 wire the SDK turns the same result into requests to the client and runs the tool again.
  async ask(requests, { keepState = false } = {}) {
    const answers = { ...ctx.mcpReq.requestState()?.answers, ...ctx.mcpReq.inputResponses };
    const missing = Object.entries(requests).filter(([key]) => !isObject(answers[key]));
    if (missing.length === 0) return answers;
    throw new InputNeeded(
      inputRequired({
        inputRequests: Object.fromEntries(missing),
        ...(keepState && { requestState: await stateCodec.mint({ answers }) }),
      }),
    );
  },
});

/** Runs a tool or prompt; one that needs input answers with the request for it. */
async function settle(run) {
  try {
    return await run();
  } catch (error) {
    if (error instanceof InputNeeded) return error.result;
    throw error;
  }
}

function buildServer() {
  const mcp = new McpServer(SERVER_INFO, {
    capabilities: CAPABILITIES,
    instructions: INSTRUCTIONS,
    cacheHints: CACHE_HINTS,
    requestState: { verify: stateCodec.verify },
  });

  for (const [method, handler] of Object.entries(sharedHandlers(fail))) {
    mcp.server.setRequestHandler(method, (request, ctx) => settle(() => handler(request.params ?? {}, contextOf(ctx, mcp))));
  }
  const registered = new Map();
  registerTools(mcp, registered);
  return { mcp, registered };
}

// Tools go through the SDK's registry rather than a handler of ours, for the SDK checks Mcp-Param-* headers
// against the schemas it knows. On a connected server the registry announces each change by itself.
function registerTools(mcp, registered) {
  const current = tools();
  for (const { name, description, inputSchema, run } of current) {
    if (registered.has(name)) continue;
    const config = { description, inputSchema: fromJsonSchema(inputSchema) };
    registered.set(name, mcp.registerTool(name, config, (args, ctx) => settle(() => run(args, contextOf(ctx, mcp)))));
  }
  for (const [name, tool] of registered) {
    if (current.some((known) => known.name === name)) continue;
    tool.remove();
    registered.delete(name);
  }
}

/** A server for one session of the 2025-11-25 wire. */
export function createServer() {
  const { mcp, registered } = buildServer();
  const subscriptions = new Set();
  mcp.server.setRequestHandler('resources/subscribe', ({ params }) => {
    subscriptions.add(params.uri);
    return {};
  });
  mcp.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    subscriptions.delete(params.uri);
    return {};
  });
  announceChanges(mcp.server, subscriptions, () => registerTools(mcp, registered));
  return mcp;
}

export const createTransport = (options) => new NodeStreamableHTTPServerTransport(options);

/** Handles requests (req, res, body) of the 2026-07-28 wire, each with a server of its own. */
export function modernHandler() {
  const handler = createMcpHandler(() => buildServer().mcp, { legacy: 'reject' });
  changes.on('tools', () => handler.notify.toolsChanged());
  changes.on('prompts', () => handler.notify.promptsChanged());
  changes.on('resource', (uri) => handler.notify.resourceUpdated(uri));
  return toNodeHandler(handler);
}
