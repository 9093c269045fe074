/** Name and version of the eSpeak NG package: known to the server without loading it, since it is part of cache keys. */

export const espeakPackage = "@echogarden/espeak-ng-emscripten"
/** As package.json pins it. */
export const espeakVersion = "0.3.5"
export const espeakEngine = `espeak-ng ${espeakVersion}`
