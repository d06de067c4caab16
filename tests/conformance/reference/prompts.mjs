// Prompts with the names the conformance suite asks for.

import { changes } from './changes.mjs';
import { imageBlock, resourceBlock, textBlock } from './content.mjs';
import { elicit } from './asking-tools.mjs';

const user = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) });

const required = (name, description) => ({ name, description, required: true });

const fixedPrompts = [
  {
    name: 'test_simple_prompt',
    description: 'One message without arguments',
    run: () => user(textBlock('A prompt without arguments.')),
  },
  {
    name: 'test_prompt_with_arguments',
    description: 'One message that repeats its two arguments',
    arguments: [required('arg1', 'The first value'), required('arg2', 'The second value')],
    completions: { arg1: ['paris', 'park', 'party', 'test1', 'test2'], arg2: ['berlin', 'bern', 'test3'] },
    run: ({ arg1, arg2 }) => user(textBlock(`The arguments are '${arg1}' and '${arg2}'.`)),
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'A message with a resource inside',
    arguments: [required('resourceUri', 'URI of the resource to embed')],
    run: ({ resourceUri }) =>
      user(resourceBlock(resourceUri, 'text/plain', 'Text inside a prompt.'), textBlock('Use the resource above.')),
  },
  {
    name: 'test_prompt_with_image',
    description: 'A message with an image inside',
    run: () => user(imageBlock(), textBlock('Describe the image above.')),
  },
  {
    name: 'test_input_required_result_prompt',
    description: 'Needs a context from the user before it can be rendered',
    async run(_args, call) {
      const schema = { type: 'object', properties: { context: { type: 'string' } }, required: ['context'] };
      const { user_context } = await call.ask({ user_context: elicit('Which context shall the prompt use?', schema) });
      return user(textBlock(`Context: ${user_context.content?.context}`));
    },
  },
];

const dynamicPrompt = {
  name: 'test_dynamic_prompt',
  description: 'Comes and goes with test_trigger_prompt_change',
  run: () => user(textBlock('Present for now.')),
};

export const prompts = () => [...fixedPrompts, ...(changes.dynamicPrompt ? [dynamicPrompt] : [])];

/** What prompts/list says of a prompt. */
export const describePrompt = ({ name, description, arguments: args }) => ({
  name,
  description,
  ...(args && { arguments: args }),
});
