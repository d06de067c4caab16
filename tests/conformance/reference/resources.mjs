// Resources with the URIs the conformance suite reads.

import { changes, WATCHED_URI } from './changes.mjs';
import { PNG } from './content.mjs';

const fixed = [
  {
    uri: 'test://static-text',
    name: 'Static text',
    description: 'Text that never changes',
    mimeType: 'text/plain',
    body: () => ({ text: 'The text of the static resource.' }),
  },
  {
    uri: 'test://static-binary',
    name: 'Static binary',
    description: 'An image that never changes',
    mimeType: 'image/png',
    body: () => ({ blob: PNG }),
  },
  {
    uri: WATCHED_URI,
    name: 'Watched resource',
    description: 'Changes with test_trigger_resource_update',
    mimeType: 'text/plain',
    body: () => ({ text: `Version ${changes.watchedVersion}` }),
  },
];

const TEMPLATE_URI = /^test:\/\/template\/([^/]+)\/data$/;

export const resources = () => fixed.map(({ body: _body, ...description }) => description);

export const resourceTemplates = () => [
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'Data by id',
    description: 'A JSON document for any id',
    mimeType: 'application/json',
  },
];

/** The contents at a URI, or undefined where there is nothing. */
export function readResource(uri) {
  const resource = fixed.find((candidate) => candidate.uri === uri);
  if (resource) return { contents: [{ uri, mimeType: resource.mimeType, ...resource.body() }] };

  const id = TEMPLATE_URI.exec(uri)?.[1];
  if (id) return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify({ id, data: `Data of ${id}` }) }] };
}
