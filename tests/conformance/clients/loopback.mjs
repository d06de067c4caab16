// Preloaded into servers that would listen on every interface: keeps them on loopback. They may count on listening as soon as `listen` returns,
// which a host among its arguments would prevent: that is looked up first. So this stands where Node.js binds, after its own look-up.

import { Server } from 'node:net';

const { _listen2: bind } = Server.prototype;

Server.prototype._listen2 = function (address, port, addressType, ...rest) {
  return address === null ? bind.call(this, '127.0.0.1', port, 4, ...rest) : bind.call(this, address, port, addressType, ...rest);
};
