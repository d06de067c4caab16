// Adds an API key to every request on its way to a gateway, for tools that cannot send headers of their own.
//
//   node with-key.mjs --listen PORT --target URL --key KEY
//
// Everything else passes as it came: Host and Origin (the gateway judges them), the path, and streams, which are
// not buffered. Prints `listening URL` when ready; the path of URL is that of the target.

import { createServer, request } from 'node:http';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** Starts forwarding to `target`; resolves with the URL to use in its place and a function that stops it. */
export function startForwarder({ target, key, port = 0 }) {
  const { hostname, port: targetPort, pathname, search } = new URL(target);

  const server = createServer((incoming, outgoing) => {
    const upstream = request({
      host: hostname,
      port: targetPort || 80,
      method: incoming.method,
      path: incoming.url,
      headers: [...incoming.rawHeaders, 'Authorization', `Bearer ${key}`],
      setHost: false,
    });
    upstream.on('response', (response) => {
      outgoing.writeHead(response.statusCode, response.rawHeaders);
      outgoing.flushHeaders(); // an event stream may be silent for long
      response.pipe(outgoing);
      response.on('error', () => outgoing.destroy());
    });
    upstream.on('error', () => {
      if (outgoing.headersSent) return outgoing.destroy();
      outgoing.writeHead(502).end();
    });
    outgoing.on('close', () => upstream.destroy()); // a client that leaves is a signal to the gateway
    incoming.pipe(upstream);
  });

  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}${pathname}${search}`,
        stop() {
          server.close();
          server.closeAllConnections();
        },
      }),
    );
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: { listen: { type: 'string', default: '0' }, target: { type: 'string' }, key: { type: 'string' } },
  });
  if (!values.target || !values.key) {
    console.error('usage: with-key.mjs --listen PORT --target URL --key KEY');
    process.exit(64);
  }
  const { url } = await startForwarder({ target: values.target, key: values.key, port: Number(values.listen) });
  console.log(`listening ${url}`);
}
