/** Chromium as the machine has it (Debian's `chromium`): nothing is downloaded. */
import { existsSync } from "node:fs"

/** Where distributions put it; `CHROMIUM_PATH` names another. */
const usual = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable"
]

/** Undefined: there is none. */
export const chromiumPath = [process.env.CHROMIUM_PATH ?? "", ...usual].find((path) => path !== "" && existsSync(path))

export const chromiumMissing = "No Chromium: install the package `chromium`, or name one by CHROMIUM_PATH."

/** Chromium's own microphone, allowed by a person who is not there; it beeps, which a script of the page has to replace. */
export const microphoneArgs = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
