// Keeps the events of one session's streams so that a client can resume a dropped one.

export class EventStore {
  #events = []; // { id, streamId, message } in the order they were sent

  async storeEvent(streamId, message) {
    const id = `${this.#events.length + 1}`;
    this.#events.push({ id, streamId, message });
    return id;
  }

  async getStreamIdForEventId(eventId) {
    return this.#events.find((event) => event.id === eventId)?.streamId;
  }

  async replayEventsAfter(lastEventId, { send }) {
    const last = this.#events.findIndex((event) => event.id === lastEventId);
    if (last < 0) return '';
    const { streamId } = this.#events[last];
    for (const event of this.#events.slice(last + 1)) {
      // A priming event is stored without a message; there is nothing in it to send again.
      if (event.streamId === streamId && event.message.jsonrpc) await send(event.id, event.message);
    }
    return streamId;
  }
}
