// Preloaded into servers that would listen on every interface: keeps them on loopback.

import { Server } from 'node:net';

const { listen } = Server.prototype;

Server.prototype.listen = function (...args) {
  if (/^\d+$/.test(args[0]) && typeof args[1] !== 'string') args.splice(1, 0, '127.0.0.1');
  return listen.apply(this, args);
};
