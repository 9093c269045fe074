/** Imported first by main.ts: an older Node would fail later, and less plainly. `npm start` runs the bundled Node. */
const majorMin = 24

if (Number(process.versions.node.split(".")[0]) < majorMin) {
  console.error(
    `Sawt needs Node ${majorMin} or newer and this is ${process.versions.node}. \`npm start\` uses the one that npm installed with it.`
  )
  process.exit(1)
}
