// What the server answers to each method, whichever SDK carries it: method → (params, call) => result.
// `call` offers ask, log, progress, closeStream, signal and clientCapabilities, and says in `tasks` whether the
// client of this call knows the tasks extension: 'available', 'undeclared', or undefined on the 2025-11-25 wire.
// `fail` makes the SDK's own errors.

import { askingTools } from './asking-tools.mjs';
import { describePrompt, prompts } from './prompts.mjs';
import { readResource, resources, resourceTemplates } from './resources.mjs';
import { startTask } from './tasks.mjs';
import { taskTools } from './task-tools.mjs';
import { plainTools } from './tools.mjs';

export const SERVER_INFO = { name: 'native-gateway-reference', version: '1.0.0' };
export const INSTRUCTIONS = 'A server for tests: its tools, prompts and resources are those the conformance suite expects.';

export const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
};

/** Thrown by `call.ask` where answers come with the client's next call; carries the result that requests them. */
export class InputNeeded extends Error {
  constructor(result) {
    super('Input is needed from the client');
    this.result = result;
  }
}

export const tools = () => [...plainTools(), ...askingTools(), ...taskTools()];

/** Runs a tool within its call: what goes wrong inside is the tool's result. */
async function runAtOnce(tool, args, call, prepared) {
  try {
    return await tool.run(args, call, prepared);
  } catch (error) {
    if (error instanceof InputNeeded) throw error;
    return { content: [{ type: 'text', text: error.message }], isError: true };
  }
}

const completionValues = ({ ref, argument }) => {
  const known = prompts().find((prompt) => prompt.name === ref.name)?.completions?.[argument.name] ?? [];
  return known.filter((value) => value.startsWith(argument.value));
};

export const sharedHandlers = (fail) => ({
  'tools/list': () => ({
    tools: tools().map(({ name, description, inputSchema }) => ({ name, description, inputSchema })),
  }),

  async 'tools/call'({ name, arguments: args = {} }, call) {
    const tool = tools().find((candidate) => candidate.name === name);
    if (!tool) throw fail.invalidParams(`There is no tool ${name}`);
    if (tool.task === 'required' && call.tasks === 'undeclared') throw fail.missingTasks();

    const prepared = await tool.prepare?.(args, call);
    if (tool.task && call.tasks === 'available') return startTask((task) => tool.run(args, task, prepared));
    return runAtOnce(tool, args, call, prepared);
  },

  'prompts/list': () => ({ prompts: prompts().map(describePrompt) }),

  'prompts/get'({ name, arguments: args = {} }, call) {
    const prompt = prompts().find((candidate) => candidate.name === name);
    if (!prompt) throw fail.invalidParams(`There is no prompt ${name}`);
    const missing = (prompt.arguments ?? []).filter((argument) => argument.required && !(argument.name in args));
    if (missing.length > 0) throw fail.invalidParams(`Missing arguments: ${missing.map((argument) => argument.name)}`);
    return prompt.run(args, call);
  },

  'resources/list': () => ({ resources: resources() }),
  'resources/templates/list': () => ({ resourceTemplates: resourceTemplates() }),

  'resources/read'({ uri }) {
    const result = readResource(uri);
    if (!result) throw fail.resourceNotFound(uri);
    return result;
  },

  'completion/complete'(params) {
    const values = completionValues(params);
    return { completion: { values, total: values.length, hasMore: false } };
  },
});
