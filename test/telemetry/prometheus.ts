/** A real Prometheus over one service, on this machine's loopback: every second a scrape and a look at the rules. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "../../scripts/server-process.ts"
import { ruleFiles } from "./watching.ts"

interface Result {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [atSeconds: number, value: string]
}

export class Prometheus {
  readonly #url: string
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.#url = url
    this.#child = child
    this.#folder = folder
  }

  static async over(service: { readonly url: string; readonly bearer: string }): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), "sawt-prometheus-"))
    const port = await freePort()
    writeFileSync(join(folder, "token"), service.bearer, { mode: 0o600 })
    const config = {
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
      rule_files: ruleFiles,
      scrape_configs: [
        {
          job_name: "sawt",
          authorization: { credentials_file: join(folder, "token") },
          static_configs: [{ targets: [new URL(service.url).host] }]
        }
      ]
    }
    // JSON is YAML.
    writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config))
    const child = spawn(
      "prometheus",
      [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--enable-feature=exemplar-storage",
        "--log.level=error"
      ],
      { stdio: ["ignore", "inherit", "inherit"] }
    )
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, child, folder)
    await prometheus.until(async () => (await prometheus.query("up == 1")).length === 1)
    return prometheus
  }

  async query(expr: string): Promise<ReadonlyArray<Result>> {
    const { data } = (await this.#get(`/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`)) as {
      readonly data: { readonly result: ReadonlyArray<Result> | Result["value"]; readonly resultType: string }
    }
    return data.result as ReadonlyArray<Result>
  }

  /** Trace ids. */
  async exemplars(metric: string): Promise<ReadonlyArray<string>> {
    const nowSeconds = Date.now() / 1_000
    const range = { query: metric, start: String(nowSeconds - 600), end: String(nowSeconds + 1) }
    const { data } = (await this.#get(`/api/v1/query_exemplars?${new URLSearchParams(range).toString()}`)) as {
      readonly data: ReadonlyArray<{ readonly exemplars: ReadonlyArray<{ readonly labels: { trace_id?: string } }> }>
    }
    return data.flatMap(({ exemplars }) => exemplars.flatMap(({ labels }) => labels.trace_id ?? []))
  }

  /** Names of the alerts that fire now. */
  async firing(): Promise<ReadonlySet<string>> {
    const { data } = (await this.#get("/api/v1/alerts")) as {
      readonly data: { readonly alerts: ReadonlyArray<{ state: string; labels: { alertname: string } }> }
    }
    return new Set(data.alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname))
  }

  /** Asks every quarter of a second, for a minute and a half. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + 90_000
    for (;;) {
      if (await holds().catch(() => false)) return
      if (performance.now() > endMs) throw new Error(`not in time: ${holds.toString()}`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM")
    await once(this.#child, "exit")
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`)
    const body: unknown = await response.json()
    if (response.status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`)
    return body
  }
}
