// Tools that run as a task where the client knows the tasks extension, and at once where it does not.
// `task: 'required'` marks those that refuse to run at once. `prepare` runs within the call, before the task.

import { setTimeout as sleep } from 'node:timers/promises';
import { elicit } from './asking-tools.mjs';
import { toolResult } from './content.mjs';

const NO_ARGUMENTS = { type: 'object', properties: {} };

const INTERNAL_ERROR = -32603;

const askName = () =>
  elicit('What is your name?', { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] });

const askConsent = (message) =>
  elicit(message, { type: 'object', properties: { confirm: { type: 'boolean' } }, required: ['confirm'] });

export const taskTools = () => [
  {
    name: 'greet',
    description: 'Greets by name; never a task',
    inputSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    run: ({ name }) => toolResult(`Hello, ${name}!`),
  },
  {
    name: 'slow_compute',
    description: 'Takes the given number of seconds',
    inputSchema: { type: 'object', properties: { seconds: { type: 'number' }, label: { type: 'string' } } },
    task: 'optional',
    async run({ seconds = 1, label = '' }, { signal }) {
      await sleep(seconds * 1000, undefined, { signal });
      return toolResult(`Computed ${label} in ${seconds} s`);
    },
  },
  {
    name: 'failing_job',
    description: 'Ends with a tool error, and only runs as a task',
    inputSchema: NO_ARGUMENTS,
    task: 'required',
    run: () => ({ ...toolResult('The job failed on purpose.'), isError: true }),
  },
  {
    name: 'protocol_error_job',
    description: 'Ends with a protocol error',
    inputSchema: NO_ARGUMENTS,
    task: 'optional',
    run() {
      throw Object.assign(new Error('The job broke on purpose'), { code: INTERNAL_ERROR });
    },
  },
  {
    name: 'confirm_delete',
    description: 'Asks for consent while it runs',
    inputSchema: { type: 'object', properties: { filename: { type: 'string' } }, required: ['filename'] },
    task: 'optional',
    async run({ filename }, call) {
      const { consent } = await call.ask({ consent: askConsent(`Delete ${filename}?`) });
      return toolResult(consent.content?.confirm ? `${filename} would be deleted` : `${filename} is kept`);
    },
  },
  {
    name: 'multi_input',
    description: 'Asks for a name and for consent at once',
    inputSchema: NO_ARGUMENTS,
    task: 'optional',
    async run(_args, call) {
      const { name, consent } = await call.ask({ name: askName(), consent: askConsent('Go on?') });
      return toolResult(`${name.content?.name}: ${consent.content?.confirm}`);
    },
  },
  {
    name: 'test_tool_with_task',
    description: 'Asks for a name first and then runs as a task',
    inputSchema: NO_ARGUMENTS,
    task: 'required',
    prepare: (_args, call) => call.ask({ user_name: askName() }),
    run: (_args, _call, { user_name }) => toolResult(`Finished for ${user_name.content?.name}`),
  },
];
