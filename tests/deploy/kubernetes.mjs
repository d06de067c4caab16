// Checks docs/deploy/kubernetes.yaml: every object against the published schema, every field name by the compiler, and what must hold together.
// usage: kubernetes.mjs MANIFEST TYPESCRIPT_FILE     writes the objects as typed literals into the file, for tsc

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

const [manifest, literals] = process.argv.slice(2);
const objects = parseAllDocuments(readFileSync(manifest, 'utf8'), { merge: true }).map((document) => {
  assert.deepEqual(document.errors, []);
  return document.toJS();
});
const one = (kind) => {
  const found = objects.filter((object) => object.kind === kind);
  assert.equal(found.length, 1, `one ${kind}`);
  return found[0];
};

const typed = [];
for (const [index, object] of objects.entries()) {
  const module = `kubernetes-models/${object.apiVersion}/${object.kind}`.replace('networking/', 'networking.k8s.io/');
  const model = (await import(module))[object.kind];
  new model(object).validate();
  typed.push(`import type { I${object.kind} as T${index} } from '${module}';\nexport const o${index}: T${index} = ${JSON.stringify(object, null, 2)};`);
}
writeFileSync(literals, typed.join('\n'));

const { spec } = one('Deployment').spec.template;
const [container] = spec.containers;
assert.equal(spec.securityContext.runAsNonRoot, true);
assert.equal(container.securityContext.readOnlyRootFilesystem, true);
assert.equal(container.securityContext.allowPrivilegeEscalation, false);
assert.deepEqual(container.securityContext.capabilities.drop, ['ALL']);

// The image and the manifest speak of the same user and port.
const dockerfile = readFileSync(new URL('../../Dockerfile.aot', import.meta.url), 'utf8');
const user = /^USER (\d+):(\d+)$/m.exec(dockerfile);
assert.deepEqual([spec.securityContext.runAsUser, spec.securityContext.runAsGroup], [Number(user[1]), Number(user[2])]);
const port = Number(/^EXPOSE (\d+)$/m.exec(dockerfile)[1]);
assert.equal(container.ports[0].containerPort, port);
assert.equal(one('NetworkPolicy').spec.ingress[0].ports[0].port, port);

const shutdown = Number(/^(\d+)s$/.exec(container.args[container.args.indexOf('--shutdown-timeout') + 1])[1]);
assert.ok(spec.terminationGracePeriodSeconds > container.lifecycle.preStop.sleep.seconds + shutdown);
for (const probe of ['startupProbe', 'livenessProbe']) assert.equal(container[probe].httpGet.path, '/health/live');
assert.equal(container.readinessProbe.httpGet.path, '/health/ready');

const secrets = Object.fromEntries(container.env.map(({ name, valueFrom }) => [name, valueFrom?.secretKeyRef?.key]));
assert.deepEqual(secrets, { NATIVE_GATEWAY_DATABASE: 'database', NATIVE_GATEWAY_ENCRYPTION_KEY: 'encryption-key' });
for (const [kind, selector] of [['Service', one('Service').spec.selector], ['PodDisruptionBudget', one('PodDisruptionBudget').spec.selector.matchLabels],
  ['NetworkPolicy', one('NetworkPolicy').spec.podSelector.matchLabels], ['Deployment', one('Deployment').spec.selector.matchLabels]]) {
  assert.deepEqual(selector, one('Deployment').spec.template.metadata.labels, `${kind} selects the pods`);
}
assert.ok(one('PodDisruptionBudget').spec.maxUnavailable < one('Deployment').spec.replicas);
console.log(`${objects.length} objects of ${manifest} are as Kubernetes wants them`);

// The configuration, for the gateway's own check.
writeFileSync(`${literals}.json`, one('ConfigMap').data['gateway.json']);
