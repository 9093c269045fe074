/** The studio's page: what is shown, and five panels beside it. */
import { begin as listen } from "./listen.js"
import { begin as watch } from "./live.js"
import { begin as show } from "./picture.js"
import { begin as step } from "./runs.js"
import { begin as explain } from "./timeline.js"
import { begin as attempt } from "./try.js"

for (const begin of [attempt, listen, watch, step, explain]) begin()
await show()
