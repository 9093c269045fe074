/**
 * Gives the memory of audio back that nobody needs any more. V8 collects bytes outside of its heap that have lived for some
 * seconds only once there are 64 MB of them. Bytes that share their buffer stay: whose the rest is, is not known here.
 */
export const giveBack = (bytes: Uint8Array): void => {
  const { buffer, byteLength } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
