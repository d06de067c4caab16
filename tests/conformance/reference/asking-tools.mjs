// Tools that need an answer from the client: elicitation, sampling, roots.
// They are written once: `call.ask` sends requests on the 2025-11-25 wire, and on the 2026-07-28 wire ends the
// call with `input_required` and finds the answers when the client calls again.

import { toolResult } from './content.mjs';

const NO_ARGUMENTS = { type: 'object', properties: {} };

const oneString = (name, description) => ({
  type: 'object',
  properties: { [name]: { type: 'string', description } },
  required: [name],
});

export const elicit = (message, requestedSchema) => ({
  method: 'elicitation/create',
  params: { mode: 'form', message, requestedSchema },
});

const sample = (text, maxTokens) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens },
});

const listRoots = () => ({ method: 'roots/list', params: {} });

const askName = () => elicit('What is your name?', oneString('name', 'Your name'));
const askConfirmation = () =>
  elicit('Please confirm', { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] });

const elicited = ({ action, content }) => `action=${action}, content=${JSON.stringify(content ?? {})}`;

// SEP-1034: a default for every primitive type.
const DEFAULTS = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
  required: [],
};

const titled = (prefix) =>
  ['First', 'Second', 'Third'].map((title, index) => ({ const: `value${index + 1}`, title: `${title} ${prefix}` }));

// SEP-1330: the five forms of an enumeration.
const ENUMERATIONS = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: titled('Option') },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
  },
  required: [],
};

/** A tool without arguments that asks for one thing and tells what it got. */
const askingTool = (name, description, key, request, tell, options) => ({
  name,
  description,
  inputSchema: NO_ARGUMENTS,
  async run(_args, call) {
    const answers = await call.ask({ [key]: request() }, options);
    return toolResult(tell(answers[key]));
  },
});

const legacyNamed = [
  {
    name: 'test_sampling',
    description: 'Asks the client to sample a message',
    inputSchema: oneString('prompt', 'What to sample'),
    async run({ prompt }, call) {
      const { reply } = await call.ask({ reply: sample(prompt, 100) });
      return toolResult(`The model said: ${reply.content?.text}`);
    },
  },
  {
    name: 'test_elicitation',
    description: 'Asks the user for a name and an address',
    inputSchema: oneString('message', 'What to show to the user'),
    async run({ message }, call) {
      const schema = {
        type: 'object',
        properties: {
          username: { type: 'string', description: 'A user name' },
          email: { type: 'string', description: 'An email address' },
        },
        required: ['username', 'email'],
      };
      const { user } = await call.ask({ user: elicit(message, schema) });
      return toolResult(`The user answered: ${elicited(user)}`);
    },
  },
  askingTool('test_elicitation_sep1034_defaults', 'Asks with a default for every primitive type', 'form',
    () => elicit('Please check these values', DEFAULTS), (answer) => `Elicited: ${elicited(answer)}`),
  askingTool('test_elicitation_sep1330_enums', 'Asks with every form of enumeration', 'form',
    () => elicit('Please choose', ENUMERATIONS), (answer) => `Elicited: ${elicited(answer)}`),
  askingTool('test_streaming_elicitation', 'Asks for a confirmation while its response streams', 'confirm',
    askConfirmation, elicited),
  askingTool('test_missing_capability', 'Cannot work for a client without sampling', 'reply',
    () => sample('Say hello', 20), (reply) => `The model said: ${reply.content?.text}`),
];

const inputRequired = [
  askingTool('test_input_required_result_elicitation', 'Needs a name', 'user_name',
    askName, (answer) => `Hello, ${answer.content?.name}!`),
  askingTool('test_input_required_result_sampling', 'Needs a sampled message', 'capital_question',
    () => sample('What is the capital of France?', 100), (reply) => `The model said: ${reply.content?.text}`),
  askingTool('test_input_required_result_list_roots', 'Needs the roots', 'client_roots',
    listRoots, ({ roots }) => `Roots: ${roots.map((root) => root.uri).join(', ')}`),
  askingTool('test_input_required_result_request_state', 'Needs a confirmation and keeps state meanwhile', 'confirm',
    askConfirmation, (answer) => `state-ok ${elicited(answer)}`, { keepState: true }),
  askingTool('test_input_required_result_tampered_state', 'Needs a confirmation and refuses altered state', 'confirm',
    askConfirmation, elicited, { keepState: true }),
  {
    name: 'test_input_required_result_multiple_inputs',
    description: 'Needs a name, a sampled greeting and the roots at once',
    inputSchema: NO_ARGUMENTS,
    async run(_args, call) {
      const answers = await call.ask(
        { user_name: askName(), greeting: sample('Write a short greeting', 50), client_roots: listRoots() },
        { keepState: true },
      );
      return toolResult(
        `${answers.greeting.content?.text} ${answers.user_name.content?.name}, ${answers.client_roots.roots.length} root(s)`,
      );
    },
  },
  {
    name: 'test_input_required_result_multi_round',
    description: 'Needs a name, and then a colour',
    inputSchema: NO_ARGUMENTS,
    async run(_args, call) {
      const keepState = { keepState: true };
      const { step1 } = await call.ask({ step1: askName() }, keepState);
      const { step2 } = await call.ask({ step2: elicit('Which colour do you like?', oneString('color', 'A colour')) }, keepState);
      return toolResult(`${step1.content?.name} likes ${step2.content?.color}`);
    },
  },
  {
    name: 'test_input_required_result_capabilities',
    description: 'Asks only for what the client has declared',
    inputSchema: NO_ARGUMENTS,
    async run(_args, call) {
      const declared = call.clientCapabilities();
      const requests = {
        ...(declared.elicitation && { user_name: askName() }),
        ...(declared.sampling && { greeting: sample('Write a short greeting', 50) }),
      };
      const answers = Object.keys(requests).length > 0 ? await call.ask(requests) : {};
      return toolResult(`Answered: ${Object.keys(answers).join(', ') || 'nothing, for the client can do nothing'}`);
    },
  },
];

export const askingTools = () => [...legacyNamed, ...inputRequired];
