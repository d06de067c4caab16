// Content blocks shared by tools, prompts and resources.

/** A 1x1 PNG. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgaPgPAAIDAYAkYfWXAAAAAElFTkSuQmCC';

/** One millisecond of silence, 8 kHz mono. */
export const WAV = 'UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==';

export const textBlock = (text) => ({ type: 'text', text });
export const imageBlock = () => ({ type: 'image', data: PNG, mimeType: 'image/png' });
export const audioBlock = () => ({ type: 'audio', data: WAV, mimeType: 'audio/wav' });
export const resourceBlock = (uri, mimeType, text) => ({ type: 'resource', resource: { uri, mimeType, text } });

/** A tool result of the given blocks; a plain string stands for a text block. */
export const toolResult = (...blocks) => ({
  content: blocks.map((block) => (typeof block === 'string' ? textBlock(block) : block)),
});

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
