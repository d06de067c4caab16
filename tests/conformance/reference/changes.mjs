// What changes while the server runs, shared by all its sessions: a tool and a prompt that come and go,
// and a resource whose content moves. Listeners tell their clients.

import { EventEmitter } from 'node:events';

export const WATCHED_URI = 'test://watched-resource';

class Changes extends EventEmitter {
  dynamicTool = false;
  dynamicPrompt = false;
  watchedVersion = 1;

  toggleTool() {
    this.dynamicTool = !this.dynamicTool;
    this.emit('tools');
  }

  togglePrompt() {
    this.dynamicPrompt = !this.dynamicPrompt;
    this.emit('prompts');
  }

  touchWatched() {
    this.watchedVersion++;
    this.emit('resource', WATCHED_URI);
  }
}

export const changes = new Changes();
// One listener set per open session; the suite opens some dozens of them.
changes.setMaxListeners(0);
