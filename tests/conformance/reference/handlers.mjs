// What the server answers to each method, whichever SDK carries it: method → (params, call) => result.
// `call` offers ask, log, progress, closeStream and clientCapabilities; `fail` makes the SDK's own errors.

import { askingTools } from './asking-tools.mjs';
import { describePrompt, prompts } from './prompts.mjs';
import { readResource, resources, resourceTemplates } from './resources.mjs';
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

export const tools = () => [...plainTools(), ...askingTools()];

const completionValues = (params) => {
  const known = prompts().find((prompt) => prompt.name === params.ref.name)?.completions?.[params.argument.name] ?? [];
  return known.filter((value) => value.startsWith(params.argument.value));
};

export const sharedHandlers = (fail) => ({
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
