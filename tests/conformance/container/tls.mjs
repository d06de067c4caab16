// Puts TLS in front of an HTTP server: tls.mjs CERTIFICATE KEY PORT. Prints `listening URL` when ready. Loopback only.

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createServer } from 'node:tls';

const [certificate, key, port] = process.argv.slice(2);
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (client) => {
  const plain = connect(Number(port), '127.0.0.1');
  client.pipe(plain).pipe(client);
  client.on('error', () => plain.destroy());
  plain.on('error', () => client.destroy());
});
server.listen(0, '127.0.0.1', () => console.log(`listening https://127.0.0.1:${server.address().port}`));
