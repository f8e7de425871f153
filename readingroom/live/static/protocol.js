// Frames out and results in; see readingroom/live/protocol.py.
const HEAD = 16;

export function packFrame(number, pixels, columns, rows) {
  const message = new Uint8Array(HEAD + pixels.length);
  const view = new DataView(message.buffer);
  message.set([0x52, 0x52, 0x46, 0x31]);
  view.setUint32(4, number, true);
  view.setUint16(8, columns, true);
  view.setUint16(10, rows, true);
  view.setUint8(12, 8);
  message.set(pixels, HEAD);
  return message;
}

export function unpackResult(buffer) {
  const length = new DataView(buffer).getUint32(4, true);
  const result = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const end = 8 + length;
  result.runs = new Uint32Array(buffer, end + ((4 - (end % 4)) % 4));
  return result;
}
