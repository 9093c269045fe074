/**
 * Keeps V8's young generation as small as it begins, 1 MiB. By itself it grows to 16 MiB twice over and is collected only when
 * it is full: of audio, whose buffers lie outside of it, that is minutes, and all of them wait in memory. Imported first,
 * since it grows while modules load. Only the growth can be changed in a process that runs; one way for every command
 * that starts one.
 */
import { setFlagsFromString } from "node:v8"

setFlagsFromString("--semi-space-growth-factor=1")
