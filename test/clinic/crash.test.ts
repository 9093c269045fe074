/** The process is killed: an invitation that was used before is used afterwards. */
import { spawnSync } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "vitest"
import { openClinic, Visitor } from "./service.ts"

it("kill -9 right after a visit has begun gives its link to nobody else, and its resume token back its visit", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sawt-clinic-"))
  const killed = spawnSync(process.execPath, [join(import.meta.dirname, "killed-program.ts"), folder])
  assert.strictEqual(killed.signal, "SIGKILL", killed.stderr.toString())
  const told = JSON.parse(killed.stdout.toString()) as { begun: string; fresh: string; resumeToken: string }
  const clinic = await openClinic({}, folder)
  try {
    const again = await Visitor.open(clinic, told.begun)
    again.send({ type: "session.start" })
    assert.strictEqual((await again.next("error")).code, "forbidden")
    const back = await Visitor.open(clinic, told.begun)
    const { session_id, resumed } = await back.start({ resume_token: told.resumeToken })
    assert.deepStrictEqual([session_id, resumed], ["s1", true])
    await (await Visitor.open(clinic, told.fresh)).start()
  } finally {
    await clinic.close()
  }
})
